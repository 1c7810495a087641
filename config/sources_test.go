package config

import (
	"strings"
	"testing"
)

func TestSubsetIsReadAndShownAsOneSetting(t *testing.T) {
	f, err := Parse("c.toml", []byte(small+"\nsubset = { version = \"2\", \"app.kubernetes.io/name\" = \"x \\\"y\\\"\" }\nsubset_fallback = \"any\"\ndrop_overload = \"dark\""))
	if err != nil {
		t.Fatal(err)
	}
	u := f.Upstreams[0]
	if len(u.Subset) != 2 || u.Subset[0] != (Label{"app.kubernetes.io/name", `x "y"`}) || u.Subset[1] != (Label{"version", "2"}) || !u.SubsetAny || u.DropOverload != ModeDark {
		t.Errorf("got %+v", u.Sources)
	}
	shown := ""
	for _, s := range f.Settings() {
		if s.Key == "upstream.u.subset" {
			shown = s.Value
		}
	}
	if want := `{ "app.kubernetes.io/name" = "x \"y\"", version = "2" }`; shown != want {
		t.Errorf("shown as %s, want %s", shown, want)
	}
	sameAgain(t, f)
}

func TestSubsetsThatCannotBeMeantAreRefused(t *testing.T) {
	var many strings.Builder
	for i := range maxLabels + 1 {
		many.WriteString("\n" + strings.Repeat("x", i+1) + ` = "1"`)
	}
	for name, c := range map[string]struct{ src, want string }{
		"no table":            {`subset = "v2"`, "upstream.u.subset: expected a table"},
		"a number":            {`subset = { version = 2 }`, "upstream.u.subset.version: expected a string, got the number 2"},
		"no name":             {`subset = { "" = "2" }`, "expected the name of a label, got an empty one"},
		"too many":            {"[upstream.u.subset]" + many.String(), "17 keys, more than the limit of 16"},
		"a fallback of none":  {`subset_fallback = "any"`, "subset_fallback has no effect without a subset"},
		"another fallback":    {"subset = { a = \"b\" }\nsubset_fallback = \"default\"", "upstream.u.subset_fallback: expected"},
		"another drop":        {`drop_overload = "yes"`, "upstream.u.drop_overload: expected"},
		"a value without end": {`subset = { a = "` + strings.Repeat("x", maxLabel+1) + `" }`, "expected at most 1024 bytes"},
	} {
		if _, err := Parse("c.toml", []byte(small+"\n"+c.src)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}
