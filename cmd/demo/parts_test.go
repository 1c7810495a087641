package main

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"sidecar/config"
)

func TestOnlyAddressesOfTheShippedConfigurationAreChanged(t *testing.T) {
	text, err := os.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	a := addresses{listener: "127.0.0.1:1001", admin: "127.0.0.1:1002", backends: []string{"127.0.0.1:1", "127.0.0.1:2"}}
	edited, n := a.replace(text)
	if n != replaced {
		t.Errorf("replaced %d addresses, want %d", n, replaced)
	}
	f, err := config.Parse("edited", edited)
	if err != nil {
		t.Fatal(err)
	}
	if f.Listeners[0].Address != a.listener || f.Admin.Address != a.admin {
		t.Errorf("got listener %s and admin %s", f.Listeners[0].Address, f.Admin.Address)
	}
	if got := strings.Join(f.Upstreams[0].Discover, " "); got != "tcp://127.0.0.1:1,127.0.0.1:2" {
		t.Errorf("got discover %q", got)
	}
	before, err := config.Load(shipped)
	if err != nil {
		t.Fatal(err)
	}
	was, is := before.Settings(), f.Settings()
	changed := 0
	for i := range was {
		if was[i].Key != is[i].Key {
			t.Fatalf("%s stands where %s did", is[i].Key, was[i].Key)
		}
		if was[i].Value != is[i].Value {
			changed++
		}
	}
	if changed != replaced || len(was) != len(is) {
		t.Errorf("%d of %d settings changed, want %d", changed, len(was), replaced)
	}
}

func TestTakenAddressIsReplacedAndTold(t *testing.T) {
	ln, err := net.Listen("tcp", anyPort)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	var a addresses
	if got := a.free(ln.Addr().String()); got != anyPort || len(a.notes) != 1 {
		t.Errorf("got %s, notes %q", got, a.notes)
	}
}

func TestFlapperDiesOnlyInUseAndComesBackAtItsAddress(t *testing.T) {
	list, err := startBackends([]time.Duration{time.Millisecond}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer stopBackends(list)
	f := flapper{backend: list[0], cycle: cycle{first: 2 * time.Second, up: 5 * time.Second, down: 3 * time.Second}}
	at := time.Unix(1000, 0)
	for _, step := range []struct {
		name  string
		after time.Duration
		inUse bool
		up    bool
	}{
		{"not in use", 0, false, true},
		{"long not in use", time.Hour, false, true},
		{"in use", 0, true, true},
		{"in use, not long enough", time.Second, true, true},
		{"first death", time.Second, true, false},
		{"still down", 2 * time.Second, false, false},
		{"back", time.Second, false, true},
		{"in use again", time.Second, true, true},
		{"out of use in between", 4 * time.Second, false, true},
		{"in use from now", 0, true, true},
		{"lives longer than at first", 4 * time.Second, true, true},
		{"second death", time.Second, true, false},
	} {
		at = at.Add(step.after)
		f.step(at, step.inUse)
		c, err := net.Dial("tcp", f.backend.address)
		if err == nil {
			c.Close()
		}
		if (err == nil) != step.up {
			t.Errorf("%s: up is %v, want %v", step.name, err == nil, step.up)
		}
	}
}

func TestFlapperWaitsForItsPort(t *testing.T) {
	f := flapper{backend: &backend{number: 3, address: "127.0.0.1:0"}, phase: dead, missed: errors.New("taken")}
	if got := f.now(time.Time{}, ""); !strings.Contains(got, "cannot come back yet: taken") {
		t.Errorf("got %q", got)
	}
	f.step(time.Unix(1, 0), false)
	defer f.backend.kill()
	if f.missed != nil || f.phase != waiting {
		t.Errorf("got phase %d, error %v", f.phase, f.missed)
	}
}

func TestTableIsDrawnInPlaceOnATerminalOnly(t *testing.T) {
	for _, terminal := range []bool{true, false} {
		var out bytes.Buffer
		tab := table{out: &out, terminal: terminal}
		tab.top([]string{"addresses"})
		tab.draw([]string{"a", "b"})
		tab.draw([]string{"c"})
		text := out.String()
		if strings.Contains(text, "\x1b") != terminal {
			t.Errorf("terminal %v: got %q", terminal, text)
		}
		want := 1
		if terminal {
			want = 3 // with each table
		}
		if got := strings.Count(text, "addresses"); got != want {
			t.Errorf("terminal %v: the heading stands %d times, want %d", terminal, got, want)
		}
	}
}

func TestPercentIsNeverRoundedUp(t *testing.T) {
	for _, c := range []struct {
		part, whole int64
		want        string
	}{{0, 0, "-"}, {99999, 100000, "99.99 %"}, {5, 5, "100.00 %"}} {
		if got := percent(c.part, c.whole); got != c.want {
			t.Errorf("%d of %d: got %s, want %s", c.part, c.whole, got, c.want)
		}
	}
}

func TestOnlyAPostThatADeathCutIsNoFaultOfTheSidecar(t *testing.T) {
	for _, c := range []struct {
		name, method, reason string
		code                 int
		cut                  bool
	}{
		{"post cut", "POST", "peer_closed", 502, true},
		{"post reset", "POST", "peer_reset", 502, true},
		{"get cut", "GET", "peer_closed", 502, false},
		{"post never sent", "POST", "connect_refused", 502, false},
		{"post refused by the backend", "POST", "", 502, false},
		{"post late", "POST", "deadline", 504, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := &http.Response{
				StatusCode: c.code, Request: &http.Request{Method: c.method},
				Header: http.Header{"X-Sidecar-Reason": {c.reason}},
			}
			var tr traffic
			tr.failed(refusal(res))
			if got := tr.counts(); got.errors != 1 || (got.cut == 1) != c.cut {
				t.Errorf("got %d errors, %d of them cut, want cut %v", got.errors, got.cut, c.cut)
			}
		})
	}
}
