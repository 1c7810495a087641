package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// moody is a backend whose status a test sets; what it says begins with its
// name. A request to /hang waits until the test lets it go.
type moody struct {
	*httptest.Server
	name   string
	status atomic.Int64
	served atomic.Int64
	let    chan bool
}

func newMoody(t testing.TB, name string) *moody {
	b := &moody{name: name, let: make(chan bool)}
	b.status.Store(200)
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.served.Add(1)
		if r.URL.Path == "/hang" {
			select {
			case <-b.let:
			case <-r.Context().Done():
			}
		}
		w.Header().Set("X-Backend", b.name)
		w.WriteHeader(int(b.status.Load()))
		io.WriteString(w, b.name+" "+r.URL.Path)
	}))
	t.Cleanup(b.Close)
	return b
}

func (b *moody) address() string { return strings.TrimPrefix(b.URL, "http://") }

// post acts on the admin port.
func (a admin) post(path string) (int, string) {
	a.t.Helper()
	res, err := a.http.Post("http://"+a.addr+path, "", nil)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(body)
}

// circuit is the state of the circuit of "web".
func (a admin) circuit() (c struct {
	Mode, State, Forced string
	ByHand              bool `json:"by_hand"`
	Opened              int
}) {
	a.t.Helper()
	a.decode("/upstreams/web/circuit", &c)
	return c
}

// fates sends n requests and tells how many were answered with each reason, or
// status.
func fates(c *httpClient, n int) map[string]int {
	seen := map[string]int{}
	for i := range n {
		r := c.do(query{id: fmt.Sprint(i)})
		seen[r.failure()]++
	}
	return seen
}

const quickCircuit = "[upstream.web.circuit]\nmode = %q\nmin_requests = 10\nsleep = \"300ms\"\n" +
	"[upstream.web.retry]\nmax_retries = 0\n[upstream.web.breaker]\nsuccess_rate = 0.0\nconsecutive_failures = 0\n"

func TestCircuitOpensRefusesTriesAndCloses(t *testing.T) {
	b := newMoody(t, "a")
	p := start(t, "", conf{discover: b.address(), upstream: fmt.Sprintf(quickCircuit, "on")})
	c := &httpClient{address: p.port}
	defer c.close()
	b.status.Store(500)
	if seen := fates(c, 10); seen["status 500"] != 10 {
		t.Fatalf("before it opens: %v", seen)
	}
	before := b.served.Load()
	if seen := fates(c, 20); seen["breaker_open"] != 20 || b.served.Load() != before {
		t.Errorf("open: %v, and the backend got %d", seen, b.served.Load()-before)
	}
	res, err := http.Get("http://" + p.port + "/")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 503 || res.Header.Get("Retry-After") != "1" {
		t.Errorf("refused with %d, %v", res.StatusCode, res.Header)
	}
	if s := p.admin.circuit(); s.State != "open" || s.Opened != 1 || p.admin.scraped("sidecar_circuit_state", `service="web"`) != 2 {
		t.Errorf("told as %+v", s)
	}
	if list := p.admin.why("reason=breaker_open&limit=1"); len(list) != 1 || list[0].TriesMade != 0 {
		t.Errorf("/why: %+v", list)
	}
	b.status.Store(200)
	await(t, "the circuit closed again", func() bool { return c.do(query{id: "x"}).failure() == "" })
	if seen := fates(c, 20); seen[""] != 20 {
		t.Errorf("closed again: %v", seen)
	}
	if !p.log.has("circuit is open") || !p.log.has("circuit is closed") {
		t.Error("the log does not tell")
	}
}

func TestDarkCircuitOnlyCounts(t *testing.T) {
	b := newMoody(t, "a")
	p := start(t, "", conf{discover: b.address(), upstream: fmt.Sprintf(quickCircuit, "dark")})
	c := &httpClient{address: p.port}
	defer c.close()
	b.status.Store(500)
	if seen := fates(c, 30); seen["status 500"] != 30 {
		t.Errorf("got %v", seen)
	}
	if dark := p.admin.scraped("sidecar_circuit_dark_refused_total"); dark < 1 || p.admin.scraped("sidecar_circuit_refused_total") != 0 {
		t.Errorf("would have refused %v", dark)
	}
}

func TestBulkheadRefusesAtOnceWhatIsOverItsBound(t *testing.T) {
	b := newMoody(t, "a")
	p := start(t, "", conf{discover: b.address(), upstream: "max_in_flight = 2\n[upstream.web.operation.\"GET /op\"]\nmax_in_flight = 1\n"})
	var hung []*httpClient
	for range 2 {
		c := &httpClient{address: p.port}
		defer c.close()
		hung = append(hung, c)
		if err := c.dial(); err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(c.conn, "GET /hang HTTP/1.1\r\nHost: a\r\n\r\n")
	}
	await(t, "two under way", func() bool { return b.served.Load() == 2 })
	c := &httpClient{address: p.port}
	defer c.close()
	if r := c.do(query{id: "3"}); r.status != 503 || r.reason != "bulkhead_full" {
		t.Errorf("the third got %+v", r)
	}
	if got := p.admin.scraped("sidecar_bulkhead_refused_total"); got != 1 {
		t.Errorf("%v counted", got)
	}
	b.let <- true // either of them
	await(t, "a free place", func() bool { return c.do(query{id: "4"}).status == 200 })
	// The bound follows a reload, with one still under way.
	p.reload(conf{discover: b.address(), upstream: "max_in_flight = 1"}, "settings applied")
	b.let <- true
	for _, h := range hung {
		if r := h.reply(); r.status != 200 {
			t.Errorf("one under way got %+v", r)
		}
	}
	if r := c.do(query{id: "5"}); r.status != 200 {
		t.Errorf("after the reload: %+v", r)
	}
}

func TestStaticFallbackAnswersForFailedUpstream(t *testing.T) {
	b := newMoody(t, "a")
	const sorry = "[upstream.web.fallback]\nstatus = 200\ncontent_type = \"application/json\"\nbody = '{\"items\": []}'\n"
	p := start(t, "", conf{discover: b.address(), upstream: sorry})
	ask := func() (http.Header, string) {
		t.Helper()
		res, err := http.Get("http://" + p.port + "/list?x=1")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("%d, %v", res.StatusCode, err)
		}
		return res.Header, string(body)
	}
	if _, body := ask(); body != "a /list" {
		t.Errorf("well: %q", body)
	}
	b.status.Store(503)
	head, body := ask()
	if body != `{"items": []}` || head.Get("Content-Type") != "application/json" ||
		head.Get("X-Sidecar-Fallback") != "static" || head.Get("X-Backend") != "" {
		t.Errorf("failing: %q %v", body, head)
	}
	b.Close()
	if _, body := ask(); body != `{"items": []}` {
		t.Errorf("gone: %q", body)
	}
	if used := p.admin.scraped("sidecar_fallbacks_total"); used < 2 {
		t.Errorf("%v uses counted", used)
	}
	list := p.admin.why("outcome=fallback")
	if len(list) < 2 || list[0].Tries[len(list[0].Tries)-1].Endpoint != "fallback: static answer" {
		t.Errorf("/why: %+v", list)
	}
	// What the client did wrong is no failure of the upstream.
	c := &httpClient{address: p.port}
	defer c.close()
	if r := c.raw("GET / HTTP/1.1\r\n\r\n"); r.reason != "bad_request" {
		t.Errorf("a bad request got %+v", r)
	}
}

func TestOtherUpstreamTakesOver(t *testing.T) {
	a, b := newMoody(t, "a"), newMoody(t, "b")
	more := fmt.Sprintf("[upstream.spare]\ndiscover = \"tcp://%s\"\n", b.address())
	p := start(t, "", conf{discover: a.address(), upstream: "[upstream.web.fallback]\nupstream = \"spare\"\n", more: more})
	c := &httpClient{address: p.port}
	defer c.close()
	a.status.Store(502)
	if r := c.do(query{id: "1"}); r.body != "b /" {
		t.Errorf("got %+v", r)
	}
	if r := c.do(query{id: "2", write: true}); r.status != 502 || r.body != "a /" {
		t.Errorf("a POST that was answered goes out as it came: %+v", r)
	}
	a.Close()
	if r := c.do(query{id: "3", write: true}); r.body != "b /" {
		t.Errorf("a POST that reached nobody: %+v", r)
	}
	b.status.Store(500)
	if r := c.do(query{id: "4"}); r.status != 500 || r.body != "b /" {
		t.Errorf("both fail: %+v", r)
	}
	b.Close()
	if r := c.do(query{id: "5"}); r.reason != "connect_refused" || !strings.Contains(r.body, "tries: connect_refused, then the fallback, connect_refused\n") {
		t.Errorf("both gone: %+v", r)
	}
}

func TestCircuitIsForcedByHand(t *testing.T) {
	b := newMoody(t, "a")
	cf := conf{discover: b.address(), probe: "actions = true"}
	p := start(t, "", cf)
	c := &httpClient{address: p.port}
	defer c.close()
	post := func(path string, want int) {
		t.Helper()
		if code, body := p.admin.post(path); code != want {
			t.Errorf("%s: %d %s, want %d", path, code, body, want)
		}
	}
	post("/upstreams/web/circuit?state=open", 200)
	if r := c.do(query{id: "1"}); r.reason != "breaker_open" {
		t.Errorf("forced open: %+v", r)
	}
	if s := p.admin.circuit(); s.Forced != "open" || !s.ByHand {
		t.Errorf("told as %+v", s)
	}
	if _, page := p.admin.get("/"); !strings.Contains(page, "forced open") {
		t.Error("the page does not tell")
	}
	post("/upstreams/web/circuit?state=auto", 200)
	if r := c.do(query{id: "2"}); r.failure() != "" {
		t.Errorf("on its own again: %+v", r)
	}
	post("/upstreams/web/circuit?state=closed", 200)
	post("/upstreams/web/circuit?state=ajar", 400)
	post("/upstreams/wbe/circuit?state=open", 400)
	post("/upstreams/web/reset", 200)
	// Configured, it holds from the start.
	cf.upstream = "[upstream.web.circuit]\nforce = \"open\""
	p.reload(cf, "settings applied")
	if r := c.do(query{id: "3"}); r.reason != "breaker_open" {
		t.Errorf("configured open: %+v", r)
	}
}

func TestEndpointIsEjectedAndReadmittedByHand(t *testing.T) {
	a, b := newMoody(t, "a"), newMoody(t, "b")
	p := start(t, "", conf{discover: a.address() + "," + b.address(), probe: "actions = true"})
	c := &httpClient{address: p.port}
	defer c.close()
	of := func(m *moody) string { return "/upstreams/web/endpoints/" + url.PathEscape(m.address()) }
	if code, body := p.admin.post(of(a) + "?state=ejected"); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	before := a.served.Load()
	if seen := fates(c, 20); seen[""] != 20 || a.served.Load() != before {
		t.Errorf("%v, and the ejected one got %d", seen, a.served.Load()-before)
	}
	if row, _ := p.admin.row(a.address()); row.State != "closed" || row.Breaker.State != "forced" {
		t.Errorf("told as %+v", row)
	}
	if code, body := p.admin.post(of(b) + "?state=ejected"); code != 400 || !strings.Contains(body, "last") {
		t.Errorf("the last one: %d %s", code, body)
	}
	if code, body := p.admin.post(of(a) + "?state=auto"); code != 200 {
		t.Errorf("%d %s", code, body)
	}
	if row, _ := p.admin.row(a.address()); row.State != "open" || row.Breaker.State != "healthy" {
		t.Errorf("told as %+v", row)
	}
	if code, _ := p.admin.post("/upstreams/web/endpoints/10.0.0.1:1?state=ejected"); code != 400 {
		t.Errorf("an unknown one: %d", code)
	}
}

func TestSteeringNeedsLeave(t *testing.T) {
	b := newMoody(t, "a")
	p := start(t, "", conf{discover: b.address()})
	for _, path := range []string{"/upstreams/web/circuit?state=open", "/upstreams/web/reset", "/upstreams/web/endpoints/x?state=ejected"} {
		if code, body := p.admin.post(path); code != 403 || !strings.Contains(body, "actions = true") {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	req, _ := http.NewRequest(http.MethodPost, "http://"+p.admin.addr+"/upstreams/web/reset", nil)
	req.Header.Set("Origin", "http://evil.example")
	res, err := p.admin.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 403 {
		t.Errorf("from another site: %d", res.StatusCode)
	}
}

// With hedging a failing reply may come of either sender: the fallback answers
// in place of both.
func TestFallbackAnswersForBothSendersOfAHedge(t *testing.T) {
	var failing atomic.Bool
	var served atomic.Int64
	serve := func(w http.ResponseWriter, _ *http.Request) {
		served.Add(1)
		if failing.Load() {
			time.Sleep(30 * time.Millisecond)
			w.WriteHeader(503)
		}
		io.WriteString(w, "well")
	}
	a, b := httptest.NewServer(http.HandlerFunc(serve)), httptest.NewServer(http.HandlerFunc(serve))
	defer a.Close()
	defer b.Close()
	p := start(t, "", conf{
		discover: strings.TrimPrefix(a.URL, "http://") + "," + strings.TrimPrefix(b.URL, "http://"),
		upstream: "[upstream.web.fallback]\nstatus = 200\nbody = \"sorry\"\n[upstream.web.hedge]\nmode = \"on\"\nmax_extra = 1.0\n" +
			"[upstream.web.breaker]\nsuccess_rate = 0.0\nconsecutive_failures = 0\n[upstream.web.retry]\nmax_retries = 0\n",
	})
	c := &httpClient{address: p.port}
	defer c.close()
	hedgeable(t, p.admin, "web", func() {
		if r := c.do(query{id: "well"}); r.body != "well" {
			t.Fatalf("%+v", r)
		}
	})
	failing.Store(true)
	before, sent := served.Load(), int64(0)
	// At once: before the delay is learnt anew from what is slow now.
	await(t, "ten requests sent twice", func() bool {
		sent++
		if r := c.do(query{id: fmt.Sprint("x", sent)}); r.status != 200 || r.body != "sorry" {
			t.Fatalf("request %d: %+v", sent, r)
		}
		return served.Load()-before >= sent+10
	})
}

// The last good answer goes out while the circuit refuses and where nobody can
// be reached; what was never asked for has none.
func TestLastGoodAnswerStandsInForAFailedUpstream(t *testing.T) {
	b := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=1")
		io.WriteString(w, "good "+r.URL.Path)
	}))
	defer b.Close()
	p := start(t, "", conf{
		discover: strings.TrimPrefix(b.URL, "http://"), probe: "actions = true",
		listener: "[listener.cache]\nmode = \"on\"\nlast_good = \"1h\"\n",
	})
	get := func(path string) (status int, body, cache, reason string) {
		t.Helper()
		res, err := http.Get("http://" + p.port + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text), res.Header.Get("Cache-Status"), res.Header.Get("X-Sidecar-Reason")
	}
	stale := func() bool {
		status, body, cache, _ := get("/x")
		if status != 200 || body != "good /x" {
			t.Fatalf("got %d %q", status, body)
		}
		return strings.Contains(cache, "fwd=stale; detail=failed")
	}
	get("/x")
	if code, body := p.admin.post("/upstreams/web/circuit?state=open"); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	await(t, "the last good answer with the circuit open", stale)
	if _, _, _, reason := get("/y"); reason != "breaker_open" {
		t.Errorf("never asked for before: %q", reason)
	}
	p.admin.post("/upstreams/web/circuit?state=auto")
	b.Close()
	if !stale() {
		t.Error("not with the backend gone")
	}
}
