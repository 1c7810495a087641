package e2e

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// hedgesOf is what /upstreams tells of hedging.
type hedgesOf struct {
	Mode  string             `json:"mode"`
	Sent  int                `json:"sent"`
	Won   int                `json:"won"`
	Lost  int                `json:"lost"`
	Dark  int                `json:"would_have_sent"`
	After map[string]float64 `json:"after_ms"`
}

func (a admin) hedges(upstream string) hedgesOf {
	a.t.Helper()
	var pages []struct {
		Hedging *hedgesOf `json:"hedging"`
	}
	a.decode("/upstreams?upstream="+upstream, &pages)
	if len(pages) != 1 || pages[0].Hedging == nil {
		return hedgesOf{}
	}
	return *pages[0].Hedging
}

// hedgeable makes an upstream known well enough that its late requests are sent
// a second time.
func hedgeable(t testing.TB, a admin, upstream string, ask func()) {
	t.Helper()
	for range 300 {
		ask()
	}
	await(t, "a delay of hedges", func() bool { return a.hedges(upstream).After["GET"] > 0 })
}

// fickle is a backend that answers a tag often enough to show whose bytes a reply
// has, in a mood of its own each time: at once, about when the hedge comes, with
// a failure, in part, or not at all.
type fickle struct {
	*httptest.Server
	calm  atomic.Bool
	asked atomic.Int64
}

func newFickle(t testing.TB) *fickle {
	b := &fickle{}
	b.calm.Store(true)
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

func (b *fickle) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.asked.Add(1)
	tag := r.Header.Get("X-Tag")
	if b.calm.Load() {
		io.WriteString(w, tag)
		return
	}
	size := []int{1, 100, 5000}[rand.IntN(3)]
	switch rand.IntN(12) {
	case 0:
		panic(http.ErrAbortHandler) // cut without a reply
	case 1:
		w.Header().Set("Content-Length", "1000000")
		io.WriteString(w, strings.Repeat(tag, size))
		panic(http.ErrAbortHandler) // cut in the middle
	case 2:
		w.WriteHeader(503)
		return
	case 3:
		select {
		case <-r.Context().Done():
		case <-time.After(time.Second):
		}
	case 4, 5, 6, 7:
		time.Sleep(time.Duration(3000+rand.IntN(8000)) * time.Microsecond)
	}
	io.WriteString(w, strings.Repeat(tag, size))
	if rand.IntN(4) == 0 {
		w.(http.Flusher).Flush()
		time.Sleep(time.Duration(rand.IntN(5000)) * time.Microsecond)
		io.WriteString(w, strings.Repeat(tag, size))
	}
}

// Both senders answer at about the same moment, backends cut and fail, clients
// leave, deadlines expire. Whoever gets a reply gets its own, and nothing is
// left behind.
func TestHedgesUnderFireConformance(t *testing.T) {
	backends := []*fickle{newFickle(t), newFickle(t), newFickle(t)}
	addresses := make([]string, len(backends))
	for i, b := range backends {
		addresses[i] = strings.TrimPrefix(b.URL, "http://")
	}
	p := start(t, "", conf{
		discover: strings.Join(addresses, ","),
		upstream: "timeout = \"500ms\"\n[upstream.web.balance]\npolicy = \"p2c\"\n[upstream.web.breaker]\nmax_ejected = 0\n" +
			"[upstream.web.hedge]\nmode = \"on\"\npercentile = 90\nmax_extra = 1",
	})
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	var whole, cut, told, left atomic.Int64
	ask := func(id string, patience time.Duration) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		method, body := http.MethodGet, io.Reader(nil)
		if rand.IntN(4) == 0 { // held bodies, of which some fill the socket
			method, body = http.MethodPut, strings.NewReader(strings.Repeat(id, []int{10, 6000}[rand.IntN(2)]))
		}
		req, err := http.NewRequestWithContext(ctx, method, "http://"+p.port+"/", body)
		if err != nil {
			t.Error(err)
			return
		}
		req.Header.Set("X-Tag", id)
		res, err := client.Do(req)
		if err != nil {
			if left.Add(1); ctx.Err() == nil {
				t.Errorf("request of a client that stays: %v", err)
			}
			return
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		switch {
		case res.StatusCode != 200:
			told.Add(1)
			return
		case err != nil:
			cut.Add(1)
		default:
			whole.Add(1)
		}
		if n := len(id); strings.Repeat(id, len(text)/n+1)[:len(text)] != string(text) || len(text) == 0 && err == nil {
			t.Errorf("%s got %d bytes, %.100q", id, len(text), text)
		}
	}
	hedgeable(t, p.admin, "web", func() { ask("<warm>", patience) })
	for _, b := range backends {
		b.calm.Store(false)
	}
	total := 3000
	if conformance() {
		total = 50_000
	}
	var work sync.WaitGroup
	for i := range 16 {
		work.Go(func() {
			for n := range total / 16 {
				wait := patience
				if rand.IntN(10) == 0 {
					wait = time.Duration(rand.IntN(12_000)) * time.Microsecond
				}
				ask(fmt.Sprintf("<%d-%d>", i, n), wait)
			}
		})
	}
	work.Wait()
	// Of the last one both senders have ended only a moment after its reply.
	await(t, "every hedge has ended", func() bool { h := p.admin.hedges("web"); return h.Sent == h.Won+h.Lost })
	h := p.admin.hedges("web")
	t.Logf("%d whole, %d cut, %d told, %d left; %+v", whole.Load(), cut.Load(), told.Load(), left.Load(), h)
	if h.Won == 0 || h.Lost == 0 || h.Sent != h.Won+h.Lost {
		t.Errorf("hedges %+v", h)
	}
	await(t, "nothing under way", func() bool {
		return p.admin.sum("sidecar.in_flight", "") == 0 && p.admin.sum("sidecar.endpoint.in_flight", "") == 0
	})
}
