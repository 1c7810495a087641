package upstream

import (
	"encoding/json"
	"errors"
	"regexp"
	"testing"
	"testing/synctest"

	"sidecar"
	"sidecar/discovery"
	"sidecar/varz"
)

func TestBytesAreCountedByEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual(), "a:1")
		defer r.stop()
		r.backend("a:1").inside = func(x *sidecar.Exchange) { x.Tries.Last().Out, x.Tries.Last().In = 7, 9 }
		r.many(2)
		s := varz.Source{Service: "users", Endpoint: "a:1"}
		out, in := r.registry.Counter(varz.HTTPBytesSent, s).Value(), r.registry.Counter(varz.HTTPBytesRecv, s).Value()
		if out != 14 || in != 18 {
			t.Errorf("%d sent, %d received", out, in)
		}
	})
}

func TestDiscoveryIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual(), "a:1", "b:1")
		defer r.stop()
		r.announce("a:1")
		r.feed.updates <- discovery.Update{Err: errors.New("no such file")}
		synctest.Wait()
		want := map[*varz.Desc]float64{
			varz.DiscoveryEndpoints: 1, varz.DiscoveryUpdates: 2, varz.DiscoveryErrors: 1, varz.DiscoveryHeld: 1,
		}
		r.registry.Each(func(d *varz.Desc, _ varz.Source, v varz.Value) {
			if n, asked := want[d]; asked && n != v.Number {
				t.Errorf("%s is %v, want %v", d.Name, v.Number, n)
			}
		})
	})
}

// What people read by jq has one style of names all the way down.
func TestRowsAreTheSameStyleOfJSONAllTheWayDown(t *testing.T) {
	text, err := json.Marshal(Row{Why: "x"})
	if err != nil {
		t.Fatal(err)
	}
	keys := regexp.MustCompile(`"([^"]*)":`).FindAllStringSubmatch(string(text), -1)
	for _, k := range keys {
		if !regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)*$`).MatchString(k[1]) {
			t.Errorf("key %q", k[1])
		}
	}
	if len(keys) < 15 {
		t.Errorf("%d keys in %s", len(keys), text)
	}
}
