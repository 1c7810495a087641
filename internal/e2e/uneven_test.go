package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// uneven are ten backends, of which the first is slow and the second fails at
// once: what draws the traffic of whoever counts requests or times alone.
type uneven struct {
	all    []*httptest.Server
	served [10]atomic.Int64
}

const (
	usualTime  = time.Millisecond
	unevenTime = 100 * time.Millisecond
)

func newUneven(t testing.TB) *uneven {
	u := &uneven{}
	for i := range u.served {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			u.served[i].Add(1)
			switch i {
			case 0:
				time.Sleep(unevenTime)
			case 1:
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			default:
				time.Sleep(usualTime)
			}
			io.WriteString(w, "an answer")
		}))
		t.Cleanup(s.Close)
		u.all = append(u.all, s)
	}
	return u
}

// addresses are those of the backends from number from on.
func (u *uneven) addresses(from int) []string {
	var list []string
	for _, s := range u.all[from:] {
		list = append(list, strings.TrimPrefix(s.URL, "http://"))
	}
	return list
}

// share is what part of the requests since a former look backend i got.
func (u *uneven) share(i int, before [10]int64) float64 {
	all := int64(0)
	for j := range u.served {
		all += u.served[j].Load() - before[j]
	}
	return float64(u.served[i].Load()-before[i]) / float64(all)
}

func (u *uneven) now() (n [10]int64) {
	for i := range n {
		n[i] = u.served[i].Load()
	}
	return n
}

// timed sends n GETs over so many connections and gives the times of all, in
// order, and how many were not answered with 200.
func timed(t testing.TB, address string, n, connections int) (times []time.Duration, failed int) {
	t.Helper()
	tr := &http.Transport{MaxIdleConnsPerHost: connections}
	defer tr.CloseIdleConnections()
	var work sync.WaitGroup
	var mu sync.Mutex
	for range connections {
		work.Go(func() {
			for range n / connections {
				start := time.Now()
				r, _ := http.NewRequest("GET", "http://"+address+"/x", nil)
				res, err := tr.RoundTrip(r)
				ok := err == nil && res.StatusCode == 200
				if err == nil {
					io.Copy(io.Discard, res.Body)
					res.Body.Close()
				}
				mu.Lock()
				times = append(times, time.Since(start))
				if !ok {
					failed++
				}
				mu.Unlock()
			}
		})
	}
	work.Wait()
	slices.Sort(times)
	return times, failed
}

func ours(t testing.TB, program, balance string, addresses []string) string {
	return start(t, program, conf{
		discover: strings.Join(addresses, ","), upstream: "[upstream.web.balance]\n" + balance,
	}).port
}

const (
	byReplyTime = "policy = \"p2c\"\nload = \"peak_ewma\""
	byPending   = "policy = \"p2c\""
)

// Neither the slow backend nor the one that fails fast gets more than a little
// of the traffic, and no client sees either's failures.
func TestSlowAndFailingBackendsGetASmallShare(t *testing.T) {
	u := newUneven(t)
	port := ours(t, "", byReplyTime, u.addresses(0))
	_, failed := timed(t, port, 200, 8) // until something is known of each
	before := u.now()
	times, more := timed(t, port, 4000, 8)
	slow, failing := u.share(0, before), u.share(1, before)
	t.Logf("p50 %v, p99 %v; the slow one got %.2f %%, the failing one %.2f %%", at(times, 0.5), at(times, 0.99), 100*slow, 100*failing)
	if failed+more != 0 {
		t.Errorf("%d requests failed", failed+more)
	}
	if slow > 0.05 || failing > 0.05 {
		t.Errorf("the slow backend got %.3f of the requests, the failing one %.3f; even would be 0.1", slow, failing)
	}
}

func at(times []time.Duration, quantile float64) time.Duration {
	return times[min(len(times)-1, int(quantile*float64(len(times))))].Round(10 * time.Microsecond)
}

// way is a proxy before all ten backends and one before the eight good ones.
type way struct {
	name        string
	with, none  string // their addresses
	p99, p99bad []time.Duration
	failed      int
	slow, fails float64
}

// What two bad backends of ten do to the p99 that clients see, beside what they
// do with requests outstanding alone and with round robin, in rounds of which
// each has all of them.
func TestConformanceOfP99WithTwoBadBackends(t *testing.T) {
	if !conformance() {
		t.Log("the ratio is measured with SIDECAR_CONFORMANCE=1 only: it needs more requests, and a program built without the race detector")
		return
	}
	u, program := newUneven(t), built(t)
	ways := []*way{{name: "peak_ewma"}, {name: "p2c, pending"}, {name: "Go ReverseProxy, round robin"}}
	for i, balance := range []string{byReplyTime, byPending} {
		ways[i].with, ways[i].none = ours(t, program, balance, u.addresses(0)), ours(t, program, balance, u.addresses(2))
	}
	ways[2].with, ways[2].none = roundRobin(t, u.addresses(0)), roundRobin(t, u.addresses(2))
	if path, err := exec.LookPath("haproxy"); err == nil {
		ways = append(ways, &way{name: "HAProxy, roundrobin", with: haproxy(t, path, u.addresses(0)), none: haproxy(t, path, u.addresses(2))})
	} else {
		t.Log("HAProxy is not installed and left out")
	}
	const rounds, each, connections = 9, 4000, 8
	for range rounds {
		for _, w := range ways {
			times, _ := timed(t, w.none, each, connections)
			w.p99 = append(w.p99, at(times, 0.99))
			before := u.now()
			times, failed := timed(t, w.with, each, connections)
			w.p99bad = append(w.p99bad, at(times, 0.99))
			w.failed += failed
			w.slow, w.fails = w.slow+u.share(0, before)/rounds, w.fails+u.share(1, before)/rounds
		}
	}
	for _, w := range ways {
		var ratios []float64
		for i := range rounds {
			ratios = append(ratios, float64(w.p99bad[i])/float64(w.p99[i]))
		}
		slices.Sort(ratios)
		slices.Sort(w.p99)
		slices.Sort(w.p99bad)
		t.Logf("%-30s p99 %8v without and %8v with the two (medians of %d rounds of %d); ratio %.2f (%.2f to %.2f); slow %.2f %%, failing %.2f %%; %d failed",
			w.name, w.p99[rounds/2], w.p99bad[rounds/2], rounds, each, ratios[rounds/2], ratios[0], ratios[rounds-1], 100*w.slow, 100*w.fails, w.failed)
		if w == ways[0] && (ratios[rounds/2] > 2 || w.failed > 0) {
			t.Errorf("%s: p99 grew %.2f-fold, more than 2, or %d requests failed", w.name, ratios[rounds/2], w.failed)
		}
	}
}

// roundRobin is the standard library's reverse proxy, which goes to one backend
// after the other.
func roundRobin(t testing.TB, addresses []string) string {
	var next atomic.Uint64
	p := &httputil.ReverseProxy{
		Transport: &http.Transport{MaxIdleConnsPerHost: 64},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: addresses[next.Add(1)%uint64(len(addresses))]})
		},
	}
	s := httptest.NewServer(p)
	t.Cleanup(func() {
		s.Close()
		p.Transport.(*http.Transport).CloseIdleConnections()
	})
	return strings.TrimPrefix(s.URL, "http://")
}

// haproxy is HAProxy with keep-alive to the backends, its default of one
// connection retry and no health checks.
func haproxy(t testing.TB, path string, addresses []string) string {
	t.Helper()
	address := freeAddress(t)
	var text strings.Builder
	fmt.Fprintf(&text, "global\n nbthread 1\ndefaults\n mode http\n timeout connect 1s\n timeout client 30s\n timeout server 30s\n"+
		"listen all\n bind %s\n balance roundrobin\n http-reuse always\n", address)
	for i, a := range addresses {
		fmt.Fprintf(&text, " server s%d %s\n", i, a)
	}
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "-db", "-f", file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	await(t, "HAProxy", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return address
}
