package config

import (
	"bytes"
	"strings"
	"testing"
)

func TestPeersAreReadInEachForm(t *testing.T) {
	const uri = "file:///own.toml"
	for text, want := range map[string]Peers{
		`""`:                        {},
		`{ index = 3, total = 10 }`: {Index: 3, Total: 10},
		`{ index = 0, total = 1 }`:  {Total: 1},
		`{ total = 10 }`:            {Total: 10, Ordinal: true},
		`"file:///own.toml"`:        {Discover: uri},
		`{ discover = "file:///own.toml", self = "10.0.0.1:8080" }`: {Discover: uri, Self: "10.0.0.1:8080"},
		`{ discover = "file:///own.toml" }`:                         {Discover: uri},
	} {
		t.Run(text, func(t *testing.T) {
			f, err := Parse("c.toml", []byte(small+"[upstream.u.balance]\npeers = "+text))
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Upstreams[0].Balance.Peers; got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if f.Process.Peers != (Peers{}) {
				t.Errorf("of the process: %+v", f.Process.Peers)
			}
			sameAgain(t, f)
			f, err = Parse("c.toml", []byte(small+"[process]\npeers = "+text))
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Upstreams[0].Balance.Peers; got != want || f.Process.Peers != want {
				t.Errorf("got %+v for the process, %+v for the upstream", f.Process.Peers, got)
			}
			sameAgain(t, f)
		})
	}
}

func TestPeersOfAnUpstreamAreItsOwnOrThoseOfTheProcess(t *testing.T) {
	f, err := Parse("c.toml", []byte(small+"[upstream.v]\ndiscover = \"tcp://b:1\"\nbalance.peers = \"\"\n[process.peers]\nindex = 1\ntotal = 2\n"))
	if err != nil {
		t.Fatal(err)
	}
	if u, v := f.Upstreams[0].Balance.Peers, f.Upstreams[1].Balance.Peers; u != (Peers{Index: 1, Total: 2}) || v != (Peers{}) {
		t.Errorf("u %+v, v %+v", u, v)
	}
	var text bytes.Buffer
	if err := f.WriteEffective(&text); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text.String(), `{ index = 1, total = 2 }`); n != 2 || !strings.Contains(text.String(), "# process.peers") {
		t.Errorf("shown %d times in\n%s", n, &text)
	}
}

func TestPeersWithoutEffectAreNoted(t *testing.T) {
	for text, want := range map[string]string{
		"policy = \"p2c\"\npeers = { total = 3 }":      `only policy = "aperture" goes by the place`,
		"max_size = 3\npeers = { total = 3 }":          "max_size: has no effect",
		"policy = \"p2c\"\n[process]\npeers.total = 3": "",
		"max_size = 3": "",
	} {
		f, err := Parse("c.toml", []byte(small+"[upstream.u.balance]\n"+text))
		if err != nil {
			t.Fatal(err)
		}
		if notes := strings.Join(f.Notes, "\n"); !strings.Contains(notes, want) || want == "" && notes != "" {
			t.Errorf("%s: notes %q", text, notes)
		}
	}
}
