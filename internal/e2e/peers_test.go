package e2e

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// focus is what /upstreams tells of the part in use.
type focus struct {
	Aperture   string  `json:"aperture"`
	Place      string  `json:"place"`
	Peers      string  `json:"peers"`
	Note       string  `json:"note"`
	Size       int     `json:"size"`
	Width      float64 `json:"width"`
	VectorHash uint32  `json:"vector_hash"`
}

func (a admin) focus() focus {
	a.t.Helper()
	var pages []struct {
		Balance focus `json:"balance"`
	}
	a.decode("/upstreams?upstream=web", &pages)
	if len(pages) != 1 {
		return focus{}
	}
	return pages[0].Balance
}

// farm is an nginx that is many backends: it listens on many ports and logs by
// which port and connection a request came.
type farm struct {
	addresses []string
	log       string
}

func newFarm(t *testing.T, n int) *farm {
	f := &farm{log: filepath.Join(t.TempDir(), "farm.log")}
	text := "log_format farm '$server_addr:$server_port $connection';\nserver {\naccess_log " + f.log + " farm;\nlocation / { return 200 ok; }\n"
	for range n {
		a := freeAddress(t)
		f.addresses = append(f.addresses, a)
		text += "listen " + a + ";\n"
	}
	nginx(t, text+"}\n")
	return f
}

// seen is how many requests and connections each backend has had. nginx writes
// a line when it has answered, maybe after the client has seen it.
func (f *farm) seen(t *testing.T, requests int) (load map[string]int, connections int) {
	t.Helper()
	await(t, fmt.Sprintf("%d lines of the farm's log", requests), func() bool {
		text, err := os.ReadFile(f.log)
		if err != nil {
			t.Fatal(err)
		}
		load = map[string]int{}
		pairs := map[string]bool{}
		for line := range strings.Lines(string(text)) {
			if address, _, whole := strings.Cut(strings.TrimSuffix(line, "\n"), " "); whole {
				load[address]++
				pairs[line] = true
			}
		}
		connections = len(pairs)
		return len(strings.Split(string(text), "\n"))-1 >= requests
	})
	return load, connections
}

// Three sidecars before 46 real backends, one of which learns its place from a
// list. Each connects to a third of the backends only, and all backends get the
// same.
func TestPeersLoadManyBackendsEvenlyOverFewConnections(t *testing.T) {
	const backends, peers, each = 46, 3, 46 * 40
	f := newFarm(t, backends)
	list := filepath.Join(t.TempDir(), "own.toml")
	own := func(n int) string {
		var text strings.Builder
		for i := range n {
			fmt.Fprintf(&text, "[[endpoint]]\naddress = \"10.0.0.%d:80\"\n", i+1)
		}
		return text.String()
	}
	rewrite(t, list, own(peers))
	conf := func(i, total int) conf {
		if i == peers-1 {
			return conf{discover: strings.Join(f.addresses, ","), process: fmt.Sprintf("peers = { discover = \"file://%s\", self = \"10.0.0.%d:80\" }", list, i+1)}
		}
		return conf{discover: strings.Join(f.addresses, ","), upstream: fmt.Sprintf("[upstream.web.balance]\npeers = { index = %d, total = %d }", i, total)}
	}
	procs := make([]*proc, peers)
	for i := range procs {
		procs[i] = start(t, "", conf(i, peers))
	}
	placed := func(total int) {
		t.Helper()
		for i, p := range procs {
			want := fmt.Sprintf("%d/%d", i, total)
			await(t, "place "+want, func() bool { return p.admin.focus().Place == want })
		}
		// As many connections as arcs have members: dialled ahead of need.
		for _, p := range procs {
			await(t, "connections to the arc", func() bool {
				for _, r := range p.admin.rows() {
					if r.InAperture && r.Pool.Size == 0 {
						return false
					}
				}
				return true
			})
		}
	}
	placed(peers)
	arcs, hash := 0, procs[0].admin.focus().VectorHash
	for i, p := range procs {
		got := p.admin.focus()
		arcs += got.Size
		if got.Aperture != "deterministic" || got.VectorHash != hash || hash == 0 || got.Note != "" || got.Size > 16 {
			t.Errorf("sidecar %d: %+v, hash of the first %d", i, got, hash)
		}
		if n := p.admin.scraped("sidecar_vector_hash"); n != float64(hash) {
			t.Errorf("sidecar %d: the metric is %v", i, n)
		}
	}
	if !strings.Contains(procs[peers-1].admin.focus().Peers, list) {
		t.Errorf("the place is from %s", procs[peers-1].admin.focus().Peers)
	}
	send(t, procs, each)
	load, connections := f.seen(t, peers*each)
	least, most, sum := math.MaxInt, 0, 0.0
	mean := float64(peers*each) / backends
	for _, a := range f.addresses {
		least, most = min(least, load[a]), max(most, load[a])
		sum += (float64(load[a]) - mean) * (float64(load[a]) - mean)
	}
	deviation := math.Sqrt(sum / backends)
	t.Logf("%d sidecars, %d backends: %d members of arcs, %d connections used (a full mesh has %d); %d requests, %.0f each: least %d, most %d, deviation %.1f (chance alone: %.1f)",
		peers, backends, arcs, connections, peers*backends, peers*each, mean, least, most, deviation, math.Sqrt(mean))
	// Draws are by chance, which moves a count by six deviations once in a billion.
	if slack := 6 * math.Sqrt(mean); float64(least) < mean-slack || float64(most) > mean+slack || arcs > 48 || connections > arcs {
		t.Errorf("uneven or too many connections")
	}

	// A fourth peer comes while requests go on.
	done := make(chan struct{})
	var traffic sync.WaitGroup
	traffic.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				send(t, procs, 20)
			}
		}
	})
	rewrite(t, list, own(peers+1))
	for i, p := range procs[:peers-1] {
		p.reload(conf(i, peers+1), "configuration reloaded")
	}
	placed(peers + 1)
	close(done)
	traffic.Wait()
	for i, p := range procs {
		if w := p.admin.focus().Width; w != 0.5 { // the least part of four peers with 12 of 46
			t.Errorf("sidecar %d: width %v", i, w)
		}
	}
}

// rewrite replaces a file as tools do: whole, by a rename.
func rewrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// send sends n requests through each sidecar, one after the other.
func send(t *testing.T, procs []*proc, n int) {
	var clients sync.WaitGroup
	for _, p := range procs {
		clients.Go(func() {
			c := &httpClient{address: p.port}
			defer c.close()
			for range n {
				if r := c.do(query{}); r.err != nil || r.status != 200 {
					t.Errorf("status %d, error %v", r.status, r.err)
					return
				}
			}
		})
	}
	clients.Wait()
}
