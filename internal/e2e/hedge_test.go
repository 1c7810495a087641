package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	// A pausing backend answers nobody for pauseTime of each pauseEvery.
	pauseTime  = 50 * time.Millisecond
	pauseEvery = time.Second
	// hedgers is how many upstreams of the sidecar share the backends, each as a
	// sidecar of its own would: a picker that has all the load would send to a
	// paused backend once.
	hedgers = 4
	// hedgeGap is the time between two requests of an upstream, whatever becomes
	// of them.
	hedgeGap = 20 * time.Millisecond
)

// pausing is a backend that counts, and may pause.
type pausing struct {
	*httptest.Server
	pauses bool
	asked  atomic.Int64
}

func newPausing(t testing.TB, pauses bool) *pausing {
	b := &pausing{pauses: pauses}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

func (b *pausing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.asked.Add(1)
	if into := time.Duration(time.Now().UnixNano()) % pauseEvery; b.pauses && into < pauseTime {
		time.Sleep(pauseTime - into)
	}
	io.WriteString(w, r.Header.Get("X-Tag"))
}

// hedging is a sidecar of which listeners "on0", "on1".. hedge and "off0",
// "off1".. do not, before the same backends.
type hedging struct {
	t        *testing.T
	p        *proc
	backends []*pausing
	client   *http.Client
}

func newHedging(t *testing.T) *hedging {
	h := &hedging{t: t, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}, Timeout: patience}}
	t.Cleanup(h.client.CloseIdleConnections)
	var addresses, more []string
	for i := range 3 {
		h.backends = append(h.backends, newPausing(t, i == 0))
		addresses = append(addresses, strings.TrimPrefix(h.backends[i].URL, "http://"))
	}
	list := strings.Join(addresses, ",")
	for i := range hedgers {
		for _, mode := range []string{"on", "off"} {
			name := fmt.Sprint(mode, i)
			more = append(more, fmt.Sprintf("[[listener]]\nname = %q\naddress = \"127.0.0.1:0\"\nupstream = %q\n", name, name),
				fmt.Sprintf("[upstream.%s]\ndiscover = \"tcp://%s\"\n[upstream.%s.balance]\npolicy = \"least_loaded\"\n[upstream.%s.hedge]\nmode = %q\npercentile = 95\n", name, list, name, name, mode))
		}
	}
	h.p = start(t, "", conf{discover: list, more: strings.Join(more, "")})
	for i := range hedgers {
		name := fmt.Sprint("on", i)
		hedgeable(t, h.p.admin, name, func() { h.ask(h.p.listener(name), "<warm>") })
	}
	return h
}

// ask makes one request, whose reply must be right.
func (h *hedging) ask(address, tag string) {
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, "http://"+address+"/", nil)
	if err != nil {
		h.t.Error(err)
		return
	}
	req.Header.Set("X-Tag", tag)
	res, err := h.client.Do(req)
	if err != nil {
		h.t.Error(err)
		return
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || res.StatusCode != 200 || string(body) != tag {
		h.t.Errorf("%s got %d %q, %v", tag, res.StatusCode, body, err)
	}
}

// round sends requests for that long to the listeners of the mode, at times that
// do not wait for replies. It gives how long each took, from the time at which
// it was to be sent, and how many requests the backends got.
func (h *hedging) round(mode string, d time.Duration) (took []time.Duration, asked int64) {
	before := h.asked()
	var mu sync.Mutex
	var work sync.WaitGroup
	began := time.Now()
	for i := range hedgers {
		address := h.p.listener(fmt.Sprint(mode, i))
		work.Go(func() {
			for at := time.Duration(i) * hedgeGap / hedgers; at < d; at += hedgeGap {
				time.Sleep(time.Until(began.Add(at)))
				work.Go(func() {
					h.ask(address, fmt.Sprintf("<%s %d %v>", mode, i, at))
					mu.Lock()
					defer mu.Unlock()
					took = append(took, time.Since(began.Add(at)))
				})
			}
		})
	}
	work.Wait()
	return took, h.asked() - before
}

func (h *hedging) asked() (n int64) {
	for _, b := range h.backends {
		n += b.asked.Load()
	}
	return n
}

func (h *hedging) won() (n int) {
	for i := range hedgers {
		n += h.p.admin.hedges(fmt.Sprint("on", i)).Won
	}
	return n
}

func rank(list []time.Duration, p float64) time.Duration {
	slices.Sort(list)
	return list[int(p*float64(len(list)-1))]
}

// One of three backends pauses for 50 ms each second. Rounds with and without
// hedging alternate, under a load that does not wait for replies; the backends
// count what reaches them. The ratio of times is asserted in long runs only: a
// machine that is busy otherwise has late requests of its own.
func TestHedgingConformance(t *testing.T) {
	h := newHedging(t)
	rounds, length := 1, 5*time.Second
	if conformance() {
		rounds, length = 7, 20*time.Second
	}
	sent, asked, ratios := map[string]int64{}, map[string]int64{}, []float64{}
	for n := 0; n < rounds || !conformance() && h.won() == 0 && n < 6; n++ {
		p99 := map[string]time.Duration{}
		for _, mode := range []string{"off", "on"} {
			took, got := h.round(mode, length)
			sent[mode], asked[mode], p99[mode] = sent[mode]+int64(len(took)), asked[mode]+got, rank(took, 0.99)
			t.Logf("%s: %d requests, %d at the backends, p50 %v p98 %v p99 %v p99.9 %v", mode, len(took), got,
				rank(took, 0.5), rank(took, 0.98), rank(took, 0.99), rank(took, 0.999))
		}
		ratios = append(ratios, float64(p99["on"])/float64(p99["off"]))
	}
	slices.Sort(ratios)
	ratio := ratios[len(ratios)/2]
	extra := float64(asked["on"]-sent["on"]) / float64(sent["on"])
	t.Logf("p99 with hedging is %.2f of that without (median of the rounds, all: %.2f); %.2f %% more requests at the backends, %d hedges won",
		ratio, ratios, 100*extra, h.won())
	if asked["off"] != sent["off"] {
		t.Errorf("%d requests without hedging, %d at the backends", sent["off"], asked["off"])
	}
	if extra > 0.03 {
		t.Errorf("%.2f %% more requests at the backends, want 3 %% at most", 100*extra)
	}
	if h.won() == 0 {
		t.Error("no hedge has won")
	}
	if conformance() && ratio > 0.5 {
		t.Errorf("p99 with hedging is %.2f of that without, want half", ratio)
	}
}

// In the dark nothing is sent twice, and what would have been is counted. A
// change of the mode takes effect without a restart.
func TestHedgingFollowsItsMode(t *testing.T) {
	slow := newBackend(t)
	c := conf{discover: slow.address() + "," + newBackend(t).address()}
	with := func(mode string) conf {
		c.upstream = "[upstream.web.hedge]\nmode = \"" + mode + "\"\nmax_extra = 1\n"
		return c
	}
	p := start(t, "", with("dark"))
	client := &httpClient{address: p.port}
	defer client.close()
	get := func(path string) {
		if f := client.do(query{id: "h", path: path}).failure(); f != "" {
			t.Error(f)
		}
	}
	hedgeable(t, p.admin, "web", func() { get("/") })
	get("/slow")
	if h := p.admin.hedges("web"); h.Mode != "dark" || h.Sent != 0 || h.Dark != 1 || len(p.admin.why("outcome=hedged")) != 0 {
		t.Errorf("in the dark: %+v", h)
	}
	p.reload(with("on"), "configuration reloaded")
	get("/slow")
	// The client has its reply before the sender that lost has ended.
	await(t, "the exchange is counted", func() bool {
		h := p.admin.hedges("web")
		return h.Won+h.Lost == 1 && len(p.admin.why("outcome=hedged")) == 1
	})
	if h := p.admin.hedges("web"); h.Mode != "on" || h.Sent != 1 || h.Won+h.Lost != 1 || h.Dark != 1 {
		t.Errorf("on: %+v", h)
	}
	list := p.admin.why("outcome=hedged")
	if len(list) != 1 || len(list[0].Tries) != 2 || list[0].Tries[0].Reason != "hedge_lost" || list[0].Tries[0].Endpoint == list[0].Tries[1].Endpoint {
		t.Errorf("told %+v", list)
	}
	if n := p.admin.scraped("sidecar_hedges_sent_total", `service="web"`); n != 1 {
		t.Errorf("%v hedges in /metrics", n)
	}
	p.reload(with("off"), "configuration reloaded")
	get("/slow")
	if h := p.admin.hedges("web"); h.Mode != "" || p.admin.sum("sidecar.hedge.sent", "") != 1 {
		t.Errorf("off: %+v", h)
	}
}
