package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// numbering is a backend that answers each GET with a number and what fields
// says, and counts how many it had at once.
type numbering struct {
	address  string
	takes    time.Duration
	fields   http.Header
	asked    atomic.Int64
	now      atomic.Int64
	together atomic.Int64 // the most at once
}

func newNumbering(t *testing.T, takes time.Duration, fields http.Header) *numbering {
	b := &numbering{takes: takes, fields: fields}
	s := httptest.NewServer(b)
	t.Cleanup(s.Close)
	b.address = strings.TrimPrefix(s.URL, "http://")
	return b
}

func (b *numbering) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, at := b.asked.Add(1), b.now.Add(1)
	defer b.now.Add(-1)
	if at > b.together.Load() {
		b.together.Store(at)
	}
	time.Sleep(b.takes)
	for name, values := range b.fields {
		w.Header()[name] = values
	}
	if tag := w.Header().Get("Etag"); tag != "" && r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	fmt.Fprintf(w, "%d %s", n, r.URL)
}

const cacheOn = "[listener.cache]\nmode = \"on\"\n"

func TestCacheAnswersInABackendsPlace(t *testing.T) {
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	back := newNumbering(t, 0, http.Header{"Cache-Control": {"max-age=3600"}, "Etag": {`"a"`}})
	c := conf{address: freeAddress(t), discover: back.address, probe: "actions = true"}
	c.listener = "[[listener.route]]\nmatch.path_prefix = \"/live\"\nupstream = \"web\"\ncache = false\n" + strings.Replace(cacheOn, "on", "dark", 1)
	p := start(t, "", c)
	ask := func(path, want string, hit bool, fields ...string) {
		t.Helper()
		res, body := p.ask(path, fields...)
		if body != want || strings.HasPrefix(res.header.Get("Cache-Status"), "sidecar; hit") != hit {
			t.Errorf("%s: got %q with %q, want %q", path, body, res.header.Get("Cache-Status"), want)
		}
	}
	state := func() (s struct {
		Targets  int
		Requests map[string]int
	}) {
		var all []struct {
			Listener, Mode string
			Targets        int
			Requests       map[string]int
		}
		p.admin.decode("/cache", &all)
		s.Targets, s.Requests = all[0].Targets, all[0].Requests
		return s
	}
	ask("/x", "1 /x", false)
	ask("/x", "2 /x", false)
	if s := state(); s.Requests["hit"] != 1 || s.Targets != 1 {
		t.Errorf("dark: %+v", s)
	}
	c.listener = strings.Replace(c.listener, "dark", "on", 1)
	p.reload(c, "configuration reloaded")
	ask("/x", "1 /x", true) // as it was stored before
	ask("/y", "3 /y", false)
	ask("/y", "3 /y", true)
	ask("/y", "4 /y", false, "Cookie", "a=b")
	ask("/live", "5 /live", false)
	ask("/live", "6 /live", false)
	ask("/y", "3 /y", false, "Cache-Control", "max-age=0, min-fresh=100000") // asked for again, and still the same
	res, err := http.Post("http://"+p.port+"/y", "text/plain", strings.NewReader("z"))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	ask("/y", "9 /y", false)
	if n := p.admin.scraped("sidecar_http_cache_requests_total", `listener="web"`, `reason="hit"`); n != 3 {
		t.Errorf("%v hits counted", n)
	}
	if n := p.admin.scraped("sidecar_http_cache_invalidations_total"); n != 1 {
		t.Errorf("%v invalidations counted", n)
	}
	res, err = http.Post("http://"+p.admin.addr+"/cache?listener=web", "application/x-www-form-urlencoded", nil)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if !strings.Contains(string(text), "2 targets") || state().Targets != 0 {
		t.Errorf("cleared: %s, %+v", text, state())
	}
	ask("/y", "10 /y", false)
	c.listener = strings.Replace(c.listener, `mode = "on"`, `mode = "off"`, 1)
	p.reload(c, "configuration reloaded")
	ask("/y", "11 /y", false)
}

func TestCacheOfOneListenerIsNotAnothers(t *testing.T) {
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	back := newNumbering(t, 0, http.Header{"Cache-Control": {"max-age=3600"}})
	second := freeAddress(t)
	p := start(t, "", conf{discover: back.address, listener: cacheOn, more: "[[listener]]\nname = \"two\"\naddress = \"" + second + "\"\nupstream = \"web\"\n" + cacheOn})
	for i, port := range []string{p.port, second, p.port, second} {
		p.port = port
		if _, body := p.ask("/x", "Host", "same"); body != fmt.Sprintf("%d /x", i%2+1) {
			t.Errorf("%d: got %q", i, body)
		}
	}
}

// Ten expiries under steady load over real sockets: the backend never has two
// requests for the one key at once, and nobody waits longer than for one.
func TestStampedeOverSockets(t *testing.T) {
	const expiries, readers = 10, 20
	back := newNumbering(t, 20*time.Millisecond, http.Header{"Cache-Control": {"max-age=1"}, "Date": {}})
	p := start(t, "", conf{discover: back.address, listener: cacheOn})
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: readers}}
	t.Cleanup(client.CloseIdleConnections)
	var readings, failures atomic.Int64
	enough := make(chan bool)
	var work sync.WaitGroup
	for range readers {
		work.Go(func() {
			for {
				select {
				case <-enough:
					return
				case <-time.After(5 * time.Millisecond):
				}
				res, err := client.Get("http://" + p.port + "/hot")
				readings.Add(1)
				if err != nil || res.StatusCode != 200 {
					failures.Add(1)
				}
				if err == nil {
					io.Copy(io.Discard, res.Body)
					res.Body.Close()
				}
			}
		})
	}
	await(t, "expiries", func() bool { return back.asked.Load() > expiries })
	close(enough)
	work.Wait()
	t.Logf("%d readings by %d readers: the backend was asked %d times, at most %d at once", readings.Load(), readers, back.asked.Load(), back.together.Load())
	if failures.Load() > 0 || back.together.Load() > 1 {
		t.Errorf("%d failures, %d requests at once", failures.Load(), back.together.Load())
	}
	if early := p.admin.scraped("sidecar_http_cache_requests_total", `reason="early"`); early < 1 {
		t.Errorf("%v early refreshes", early)
	}
}
