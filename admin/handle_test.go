package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"sidecar/varz"
)

func TestMethods(t *testing.T) {
	readOnly := stub("/why")
	readOnly.Post = nil
	postOnly := stub("/eject")
	postOnly.Get = nil
	h := small(stub("/drain"), readOnly, postOnly).Handler()
	cases := []struct {
		method, path string
		code         int
		allow        string
	}{
		{"GET", "/drain", 200, ""},
		{"HEAD", "/drain", 200, ""},
		{"POST", "/drain", 200, ""},
		{"PUT", "/drain", 405, "GET, HEAD, POST"},
		{"OPTIONS", "/drain", 405, "GET, HEAD, POST"},
		{"POST", "/why", 405, "GET, HEAD"},
		{"POST", "/", 405, "GET, HEAD"},
		{"POST", "/metrics", 405, "GET, HEAD"},
		{"POST", "/debug/pprof/profile", 405, "GET, HEAD"},
		{"DELETE", "/varz", 405, "GET, HEAD"},
		{"GET", "/eject", 405, "POST"},
		{"POST", "/eject", 200, ""},
		{"GET", "/nothing", 404, ""},
		{"GET", "/drain/more", 404, ""},
	}
	for _, c := range cases {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			w := ask{method: c.method, target: c.path}.to(h)
			if w.Code != c.code || w.Header().Get("Allow") != c.allow {
				t.Errorf("got %d, allowed %q: %s", w.Code, w.Header().Get("Allow"), w.Body)
			}
		})
	}
}

func TestEveryAnswerHasTheSafetyHeaders(t *testing.T) {
	a := small(stub("/drain"))
	for _, target := range []string{"/", "/help", "/ready", "/varz", "/metrics", "/drain", "/nothing", "/debug/pprof/"} {
		head := get(target).to(a.Handler()).Header()
		if head.Get("X-Content-Type-Options") != "nosniff" || head.Get("Cache-Control") != "no-store" ||
			!strings.HasPrefix(head.Get("Content-Security-Policy"), "default-src 'none'") || head.Get("Content-Type") == "" {
			t.Errorf("%s: %v", target, head)
		}
	}
	other := get("/")
	other.host = "evil.example"
	if other.to(a.Handler()).Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Error("a refusal has no nosniff")
	}
}

func TestPageErrorsAreReadable(t *testing.T) {
	page := func(path string, k Kind, err error) Page {
		return Page{Path: path, Kind: k, Help: "x", Get: func(w io.Writer, _ url.Values) error {
			io.WriteString(w, "half of it")
			return err
		}}
	}
	h := small(
		page("/broken", JSON, errors.New("the ring is gone")),
		page("/asked", JSON, fmt.Errorf("why: %w", BadRequest(`upstream "x" is not known`))),
		page("/text", Text, errors.New("no"))).Handler()
	cases := []struct {
		path string
		code int
		body string
	}{
		{"/broken", 500, `{"error":"the ring is gone"}` + "\n"},
		{"/asked", 400, `{"error":"why: upstream \"x\" is not known"}` + "\n"},
		{"/text", 500, "no\n"},
	}
	for _, c := range cases {
		if w := get(c.path).to(h); w.Code != c.code || w.Body.String() != c.body {
			t.Errorf("%s: %d %q", c.path, w.Code, w.Body)
		}
	}
}

func TestActions(t *testing.T) {
	steering := stub("/eject")
	steering.Steers = true
	failing := stub("/fails")
	failing.Post = func(url.Values) (string, error) { return "", errors.New("cannot") }
	pages := []Page{stub("/drain"), steering, failing}
	off, on := small(pages...).Handler(), New(Params{Registry: new(varz.Registry), Pages: pages, Actions: true}).Handler()
	post := func(target string) ask { return ask{method: "POST", target: target, body: "what=it"} }

	expect(t, post("/drain").to(off), 200, `{"done":"did it"}`)
	expect(t, ask{method: "POST", target: "/drain?what=that"}.to(off), 200, "did that")
	expect(t, post("/eject").to(off), 403, "actions = true")
	expect(t, post("/eject").to(on), 200, "did it")
	expect(t, post("/fails").to(on), 500, `{"error":"cannot"}`)

	outside := post("/drain")
	outside.local, outside.host = outer, "10.1.2.3:9990"
	expect(t, outside.to(off), 403, "more than this machine")
	expect(t, outside.to(on), 200, "did it")
	outside.local = unix
	expect(t, outside.to(off), 200, "did it")
}

func TestLargeBodiesAreRefused(t *testing.T) {
	h := small(stub("/drain")).Handler()
	large := ask{method: "POST", target: "/drain", body: "what=" + strings.Repeat("x", maxBody)}
	expect(t, large.to(h), 413, "65536 bytes")
	large.body = "what=" + strings.Repeat("x", maxBody-5)
	expect(t, large.to(h), 200, "did xxx")
}

func TestProbes(t *testing.T) {
	ready, live := false, error(nil)
	a := New(Params{
		Registry: new(varz.Registry), Pages: []Page{stub("/drain")},
		Ready: func() (bool, string) { return ready, "users: no discovery answer yet" },
		Live:  func() error { return live },
	})
	for name, h := range map[string]func() ask{
		"full":  func() ask { return get("/ready") },
		"probe": func() ask { a := get("/ready"); a.host = "10.42.0.7:9991"; a.local = outer; return a },
	} {
		handler := a.Handler()
		if name == "probe" {
			handler = a.ProbeHandler()
		}
		ready, live = false, nil
		expect(t, h().to(handler), 503, "users: no discovery answer yet")
		ready = true
		expect(t, h().to(handler), 200, "ready")
		alive := h()
		alive.target = "/live"
		expect(t, alive.to(handler), 200, "live")
		live = errors.New("listener users is gone")
		expect(t, alive.to(handler), 503, "listener users is gone")
	}
	unset := small()
	expect(t, get("/ready").to(unset.Handler()), 200, "ready")
	expect(t, get("/live").to(unset.Handler()), 200, "live")
}

func TestProbeHandlerHasNothingElse(t *testing.T) {
	h := small(stub("/drain")).ProbeHandler()
	for _, target := range []string{"/", "/help", "/varz", "/drain", "/debug/pprof/", "/debug/pprof/heap"} {
		expect(t, get(target).to(h), 404, "here; there are /ready, /live, /metrics")
	}
	expect(t, ask{method: "POST", target: "/ready"}.to(h), 405, "use GET")
	m := get("/metrics")
	m.host = "any.example"
	expect(t, m.to(h), 200, "sidecar_build_info")
}

func TestHelpListsEveryPage(t *testing.T) {
	w := get("/help").to(small(stub("/drain")).Handler())
	for _, line := range []string{"GET   /varz", "GET   /drain", "POST  /drain", "GET   /debug/pprof/"} {
		expect(t, w, 200, line)
	}
}

func TestProfiles(t *testing.T) {
	h := small().Handler()
	expect(t, get("/debug/pprof/").to(h), 200, "goroutine")
	expect(t, get("/debug/pprof/goroutine?debug=1").to(h), 200, "goroutine profile")
	expect(t, get("/debug/pprof/nothing").to(h), 404, "")
	expect(t, get("/debug/pprof/cmdline").to(h), 404, "not served")
}

func TestVarz(t *testing.T) {
	var r varz.Registry
	for _, op := range []string{"get", "put"} {
		s := varz.Source{Service: "users", Operation: op}
		r.Counter(varz.DispatchMessages, s).Add(5)
		r.Histogram(varz.RequestLatency, s).Observe(20_000_000)
	}
	r.GaugeFunc(varz.ApertureLoadAverage, varz.Source{Service: "users"}, func() float64 { zero := 0.0; return zero / zero })
	h := New(Params{Registry: &r}).Handler()
	cases := []struct{ query, want string }{
		{"?filter=dispatch_messages", `{"scales.MessageDispatcher.dispatch_messages":[{"service":"users","operation":"get","value":5},{"service":"users","operation":"put","value":5}]}`},
		{"?filter=dispatch_messages&by=service", `{"scales.MessageDispatcher.dispatch_messages":[{"service":"users","value":10,"sources":2}]}`},
		{"?filter=dispatch_messages&by=total", `{"scales.MessageDispatcher.dispatch_messages":[{"value":10,"sources":2}]}`},
		{"?filter=sidecar_requests_total&by=operation", `{"scales.MessageDispatcher.dispatch_messages":[{"service":"users","operation":"get","value":5,"sources":1},{"service":"users","operation":"put","value":5,"sources":1}]}`},
		{"?filter=load_average", `{"scales.loadbalancer.Aperture.load_average":[{"service":"users","value":null}]}`},
		{"?filter=nothing", `{}`},
	}
	for _, c := range cases {
		w := get("/varz" + c.query).to(h)
		var got any
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		var want any
		json.Unmarshal([]byte(c.want), &want)
		if fmt.Sprint(got) != fmt.Sprint(want) || w.Header().Get("Content-Type") != jsonType {
			t.Errorf("%s: %s", c.query, w.Body)
		}
	}
	var lat map[string][]map[string]float64
	body := get("/varz?by=total&filter=request_latency").to(h).Body.Bytes()
	if err := json.Unmarshal(body, &lat); err != nil {
		t.Fatal(err)
	}
	l := lat["scales.MessageDispatcher.request_latency"][0]
	if l["count"] != 2 || l["max"] != 0.02 || l["mean"] != 0.02 || l["p9999"] < 0.019 || l["p9999"] > 0.02 {
		t.Errorf("%v", l)
	}
	expect(t, get("/varz?by=host").to(h), 400, "use service, endpoint, operation or total")
}

// Parts of a path reach the page under their names, whatever the query says.
func TestPagesFindThePartsOfTheirPaths(t *testing.T) {
	var seen []string
	page := Page{
		Path: "/a/{one}/b/{rest...}", Help: "parts",
		Get: func(_ io.Writer, q url.Values) error {
			seen = append(seen, q.Get("one")+" "+q.Get("rest")+" "+q.Get("x"))
			return nil
		},
		Post: func(form url.Values) (string, error) {
			seen = append(seen, form.Get("one")+" "+form.Get("rest")+" "+form.Get("x"))
			return "done", nil
		},
	}
	a := small(page)
	for _, method := range []string{"GET", "POST"} {
		w := ask{method: method, target: "/a/web%2F1/b/unix:/run/x.sock?x=y&one=other", local: loopback}.to(a.Handler())
		if want := "web/1 unix:/run/x.sock y"; w.Code != 200 || len(seen) == 0 || seen[len(seen)-1] != want {
			t.Errorf("%s: %d %s, seen %q, want %q", method, w.Code, w.Body, seen, want)
		}
	}
}
