package daemon

import (
	"strings"
	"testing"

	"sidecar/config"
)

func TestUpstreamThatLeadsBackToAListenerIsNoted(t *testing.T) {
	for _, c := range []struct {
		name, listens, to string
		loop              bool
	}{
		{"the same", "127.0.0.1:8080", "127.0.0.1:8080", true},
		{"another port", "127.0.0.1:8080", "127.0.0.1:8081", false},
		{"another host", "127.0.0.1:8080", "10.0.0.1:8080", false},
		{"another of its own addresses", "127.0.0.1:8080", "127.0.0.2:8080", false},
		{"by name", "127.0.0.1:8080", "localhost:8080", true},
		{"bound by name", "localhost:8080", "[::1]:8080", true},
		{"the name in capitals", "localhost:8080", "LOCALHOST:8080", true},
		{"the wildcard dialled", "127.0.0.1:8080", "0.0.0.0:8080", true},
		{"bound to all", "0.0.0.0:8080", "127.0.0.2:8080", true},
		{"bound to all of both", "[::]:8080", "localhost:8080", true},
		{"bound to all, another host", "[::]:8080", "users.svc:8080", false},
		{"a host's name", "users.svc:8080", "users.svc:8080", true},
		{"not the first, with a weight", "127.0.0.1:8080", "10.0.0.1:80,127.0.0.1:8080?weight=2", true},
		{"any port", "127.0.0.1:0", "127.0.0.1:1", false},
		{"a socket", "unix:/run/s", "127.0.0.1:8080", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := config.Parse("c.toml", []byte("[[listener]]\nname = \"web\"\naddress = \""+c.listens+
				"\"\nupstream = \"u\"\n[upstream.u]\ndiscover = \"tcp://"+c.to+"\"\n"))
			if err != nil {
				t.Fatal(err)
			}
			if f, err = examined(f, "c.toml"); err != nil {
				t.Fatal(err)
			}
			if got := len(f.Notes) == 1; got != c.loop {
				t.Fatalf("notes %q", f.Notes)
			}
			if c.loop && (!strings.HasPrefix(f.Notes[0], "c.toml:6: upstream.u.discover: ") || !strings.Contains(f.Notes[0], `own listener "web"`)) {
				t.Errorf("noted as %q", f.Notes[0])
			}
		})
	}
}
