package xds

import (
	"fmt"
	"strings"
	"testing"
)

func TestDropsAreTakenOfThePolicy(t *testing.T) {
	drop := func(category, percentage string) string {
		return `{"category":"` + category + `","drop_percentage":` + percentage + `}`
	}
	for name, c := range map[string]struct{ drops, want string }{
		"none":              {"", "[]"},
		"of a hundred":      {drop("lb", `{"numerator":25}`), "[{lb 0.25}]"},
		"of ten thousand":   {drop("lb", `{"numerator":25,"denominator":"TEN_THOUSAND"}`), "[{lb 0.0025}]"},
		"of a million":      {drop("lb", `{"numerator":500000,"denominator":"MILLION"}`), "[{lb 0.5}]"},
		"more than all":     {drop("lb", `{"numerator":250}`), "[{lb 1}]"},
		"nothing":           {drop("lb", `{"numerator":0}`) + "," + drop("b", `{"numerator":1}`), "[{b 0.01}]"},
		"without a name":    {drop("", `{"numerator":1}`), "[{unnamed 0.01}]"},
		"name beyond bound": {drop(strings.Repeat("x", 300), `{"numerator":1}`), "[{unnamed 0.01}]"},
		"in their order":    {drop("b", `{"numerator":1}`) + "," + drop("a", `{"numerator":2}`), "[{b 0.01} {a 0.02}]"},
	} {
		m, err := parseLoad(load(t, `{"policy":{"drop_overloads":[`+c.drops+`]}}`))
		if got := fmt.Sprint(m.drops); err != nil || got != c.want {
			t.Errorf("%s: got %s, %v; want %s", name, got, err, c.want)
		}
	}
}

func TestDropsThatCannotBeMeantAreRefused(t *testing.T) {
	many := strings.TrimSuffix(strings.Repeat(`{"category":"a","drop_percentage":{"numerator":1}},`, maxDrops+1), ",")
	for drops, want := range map[string]string{
		`{"drop_percentage":{"numerator":1,"denominator":7}}`: "denominator 7 is not known",
		many: "17 categories, more than the limit of 16",
	} {
		if _, err := parseLoad(load(t, `{"policy":{"drop_overloads":[`+drops+`]}}`)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
