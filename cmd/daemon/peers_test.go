package daemon

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sidecar/config"
)

func TestOrdinalIsTheNumberAtTheEndOfAHostsName(t *testing.T) {
	for name, want := range map[string]int{
		"web-3": 3, "web-0": 0, "a-b-12": 12, "web-3.web.default.svc": 3,
		"web": -1, "web-": -1, "web-x": -1, "-3": -1, "3": -1, "": -1, "web-99999999999": -1, "web-+1": -1,
	} {
		n, ok := ordinal(name)
		if ok != (want >= 0) || ok && n != want {
			t.Errorf("%q: %d, %v", name, n, ok)
		}
	}
}

// One list of peers is read once, however many upstreams go by it, and as long
// as one of them does.
func TestPeersOfManyUpstreamsAreFollowedOnce(t *testing.T) {
	d := &daemon{log: slog.New(slog.DiscardHandler), path: filepath.Join(t.TempDir(), "config.toml")}
	d.clubs = newClubs(d)
	own := config.Peers{Discover: "file://own.toml", Self: "10.0.0.1:80"}
	first, err := d.clubs.get(own)
	if err != nil || first == nil {
		t.Fatal(first, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var work sync.WaitGroup
	d.clubs.startAll(ctx, &work)
	if again, _ := d.clubs.get(own); again != first {
		t.Error("a second one of the same list")
	}
	if none, err := d.clubs.get(config.Peers{}); none != nil || err != nil {
		t.Errorf("none is %v, %v", none, err)
	}
	r := &running{}
	r.cfg.Store(&config.Upstream{Balance: config.Balance{Peers: own}})
	d.clubs.keep([]*running{r})
	if again, _ := d.clubs.get(own); again != first {
		t.Error("ended though it is in use")
	}
	d.clubs.keep(nil)
	if len(d.clubs.all) != 0 {
		t.Error("kept though nobody uses it")
	}
	if again, _ := d.clubs.get(own); again == first {
		t.Error("one that has ended was given out")
	}
	cancel()
	work.Wait()
}

func TestCheckTellsThePlaces(t *testing.T) {
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for peers, want := range map[string]string{
		`{ index = 3, total = 10 }`:   "# upstream.web: place 3/10 among the peers, from index and total\n",
		`"file://own.toml"`:           "# upstream.web: the place among the peers is the rank in file://own.toml, which is asked",
		`{ total = 1 }`:               "from the host's name " + name,
		`""`:                          "",
		`"tcp://a"`:                   "",
		`{ index = 0, total = 1000 }`: "place 0/1000",
	} {
		path := filepath.Join(t.TempDir(), "config.toml")
		text := "[[listener]]\nname = \"web\"\naddress = \"127.0.0.1:0\"\nupstream = \"web\"\n[upstream.web]\ndiscover = \"tcp://127.0.0.1:1\"\n" +
			"[upstream.web.balance]\npeers = " + peers + "\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, errs strings.Builder
		code := Main([]string{"check", "-config", path}, &out, &errs)
		if strings.Contains(peers, "tcp") {
			if code != exitUsage || !strings.Contains(errs.String(), "config.toml:8: upstream.web.balance.peers") {
				t.Errorf("%s: code %d, %s", peers, code, &errs)
			}
			continue
		}
		if code != exitOK || !strings.Contains(out.String(), want) || want == "" && strings.Contains(out.String(), "among the peers") {
			t.Errorf("%s: code %d, want %q in\n%s%s", peers, code, want, &out, &errs)
		}
		again := filepath.Join(t.TempDir(), "config.toml")
		if err := os.WriteFile(again, []byte(out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		if code := Main([]string{"check", "-config", again}, new(strings.Builder), &errs); code != exitOK {
			t.Errorf("%s: what check prints is no configuration: %s", peers, &errs)
		}
	}
}
