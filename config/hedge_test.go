package config

import (
	"testing"
	"time"
)

// A duration that is only compared is kept as it is, where one that the clock
// must keep would be raised to 10 ms.
func TestHedgeIsTaken(t *testing.T) {
	f, err := Parse("c.toml", []byte(small+`
[upstream.u.hedge]
mode = "dark"
percentile = 95
min_delay = "500us"
max_extra = 0.05
[upstream.u.operation."GET /a"]
hedge = false
[upstream.u.operation."POST /b"]
idempotent = false
[upstream.u.operation."POST /c"]
idempotent = true
hedge = true
`))
	if err != nil {
		t.Fatal(err)
	}
	u := f.Upstreams[0]
	if want := (Hedge{Mode: ModeDark, Percentile: 95, MinDelay: 500 * time.Microsecond, MaxExtra: 0.05}); u.Hedge != want {
		t.Errorf("got %+v", u.Hedge)
	}
	for i, want := range []bool{false, false, true} {
		if got := u.Operations[i]; got.Hedge != want {
			t.Errorf("%s: hedge %v", got.Name, got.Hedge)
		}
	}
	if len(f.Notes) != 0 {
		t.Errorf("notes %q", f.Notes)
	}
}
