package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sidecar/internal/ads"
	"sidecar/internal/zoo"
)

// startTime is how soon after its start docs/discovery.md says that a sidecar
// serves from what is on disk. The long runs hold the program as it is released
// to that.
const startTime = time.Second

// origin is where endpoints come from, and how it dies and comes back.
type origin struct {
	uri    string
	more   string // further sections
	err    string // a part of what is told of it while it is down
	down   func()
	up     func()
	server string // its address, "" if it has none
}

// origins are one of each kind that can be down, all of which name b.
func origins(t *testing.T, b *backend) map[string]func(t *testing.T) origin {
	return map[string]func(t *testing.T) origin{
		"file": func(t *testing.T) origin {
			l := newList(t, b)
			return origin{uri: "file://" + l.path, err: "no such file", up: func() { l.write(b) }, down: func() {
				if err := os.Remove(l.path); err != nil {
					t.Error(err)
				}
			}}
		},
		"zk": func(t *testing.T) origin {
			e := zoo.Start(t, 1)
			e.NewCrew("/s").Add(b.address())
			return origin{uri: e.URI("/s"), err: "no session with", down: func() { e.Kill(0) }, up: func() { e.Up(0) }, server: e.Addresses()[0]}
		},
		"xds": func(t *testing.T) origin {
			plane := ads.New(t, ads.Params{})
			know := func() { plane.Set("1", ads.Clusters("web"), ads.Load(t, "web", b.address())) }
			know()
			return origin{
				uri: "xds://" + plane.Address + "/web", more: "[xds]\nnode_id = \"test\"\n", err: "no stream with",
				down: plane.Stop, up: func() { plane.Restart(); know() }, server: plane.Address,
			}
		},
		"dns": func(t *testing.T) origin {
			_, port, _ := net.SplitHostPort(b.address())
			s := names(t, here)
			return origin{uri: "dns://here.test:" + port + "?resolver=" + s.address, err: "here.test", down: s.kill, up: func() { s.know(here) }, server: s.address}
		},
	}
}

// What was known serves the next process while its source is down: at once,
// whatever the source, and whoever looks is told.
func TestRestartWithoutDiscoveryConformance(t *testing.T) {
	t.Parallel()
	program := ""
	if conformance() {
		program = built(t)
	}
	b := newBackend(t)
	for name, begin := range origins(t, b) {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each waits for its source most of the time
			restart(t, program, b, begin(t))
		})
	}
}

func restart(t *testing.T, program string, b *backend, o origin) {
	// Who waited for the source would wait for an hour.
	c := conf{discover: o.uri, more: o.more, process: fmt.Sprintf("initial_timeout = \"1h\"\nstate_dir = %q\n", filepath.Join(t.TempDir(), "state"))}
	start(t, program, c).finish()
	o.down()
	if o.server != "" {
		shut := mute(t, o.server)
		p := served(t, program, c, b)
		if s := p.admin.sources("web"); len(s) != 1 || s[0].State == "ok" || s[0].StaleFor <= 0 {
			t.Errorf("a source that says nothing is told as %+v", s)
		}
		p.finish()
		shut()
	}
	p := served(t, program, c, b)
	await(t, "the source's trouble to be told", func() bool {
		s := p.admin.sources("web")
		return len(s) == 1 && s[0].State == "failing" && strings.Contains(s[0].Error, o.err) && s[0].StaleFor > 0 && s[0].Recorded
	})
	if n := p.admin.scraped("sidecar_discovery_stale_seconds", `service="web"`); n <= 0 {
		t.Errorf("stale for %v s", n)
	}
	o.up()
	await(t, "the source to work again", func() bool { row, ok := p.admin.row(b.address()); return ok && row.StaleFor == 0 })
}

// served starts a sidecar whose source is down, and shows that it serves and
// tells from what.
func served(t *testing.T, program string, c conf, b *backend) *proc {
	t.Helper()
	began := time.Now()
	p := start(t, program, c)
	h := &httpClient{address: p.port}
	defer h.close()
	r := h.do(query{id: "recorded"})
	took := time.Since(began)
	t.Logf("the first answer %v after the start", took.Round(time.Millisecond))
	if r.failure() != "" {
		t.Errorf("with a source that is down: %+v", r)
	}
	if conformance() && took > startTime {
		t.Errorf("the first answer %v after the start, later than %v", took, startTime)
	}
	if p.log.find(`begun with the endpoints of a former process.* source="?(\S+?)"? endpoints=1 `) != c.discover {
		t.Error("the log does not tell of it")
	}
	if row, ok := p.admin.row(b.address()); !ok || row.State != "open" || row.StaleFor <= 0 || row.Source != c.discover {
		t.Errorf("the endpoint is told as %+v", row)
	}
	return p
}

// mute takes the connections and packets of a server that is gone and says
// nothing, until shut.
func mute(t *testing.T, address string) (shut func()) {
	t.Helper()
	ln, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	packets, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	return func() { ln.Close(); packets.Close() }
}
