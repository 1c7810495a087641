package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// naming is a backend that answers with its name and what it got.
func naming(t *testing.T, name string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "go")
		io.WriteString(w, name+" "+r.URL.String()+" tier="+r.Header.Get("X-Tier")+" debug="+r.Header.Get("X-Debug"))
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

// reply is the head of one.
type reply struct {
	status int
	header http.Header
}

// ask asks the sidecar and follows no redirect.
func (p *proc) ask(path string, fields ...string) (reply, string) {
	p.t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://"+p.port+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	for i := 0; i < len(fields); i += 2 {
		if fields[i] == "Host" {
			req.Host = fields[i+1]
			continue
		}
		req.Header.Add(fields[i], fields[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header}, string(body)
}

func TestFiltersOfListenersAndRoutes(t *testing.T) {
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	c := conf{address: freeAddress(t), discover: naming(t, "main")}
	c.listener = `
[[listener.filter]]
remove_reply = ["Server"]
[[listener.filter]]
set_request = { X-Tier = "gold" }
[[listener.route]]
match.path_prefix = "/api"
upstream = "web"
[[listener.route.filter]]
rewrite = { prefix = "/api", to = "/v1" }
[[listener.route.filter]]
remove_request = ["X-Debug"]
[[listener.route]]
match.path_prefix = "/old"
upstream = "web"
[[listener.route.filter]]
redirect = { status = 308, prefix = "/old", to = "/new" }
[[listener.route]]
match.path_prefix = "/closed"
upstream = "web"
[[listener.route.filter]]
reply = { status = 503, body = "closed for now" }
[[listener.route]]
match.path_prefix = "/new-feature"
upstream = "web"
[[listener.route.filter]]
split = { percent = 50, upstream = "canary", sticky = "header:X-User" }
`
	c.more = "[upstream.canary]\ndiscover = \"tcp://" + naming(t, "canary") + "\""
	p := start(t, "", c)

	res, body := p.ask("/api/x?q=1", "X-Debug", "1", "X-Tier", "none")
	if body != "main /v1/x?q=1 tier=gold debug=" || res.header.Get("Server") != "" {
		t.Errorf("got %q, Server %q", body, res.header.Get("Server"))
	}
	if _, body := p.ask("/x", "X-Debug", "1"); body != "main /x tier=gold debug=1" {
		t.Errorf("a route without filters: got %q", body)
	}
	if res, _ := p.ask("/old/x?q"); res.status != 308 || res.header.Get("Location") != "/new/x?q" {
		t.Errorf("redirect: got %d to %q", res.status, res.header.Get("Location"))
	}
	if res, body := p.ask("/closed/x"); res.status != 503 || body != "closed for now" || res.header.Get("X-Sidecar-Reason") != "" {
		t.Errorf("fixed reply: got %d %q", res.status, body)
	}
	where := map[string]string{}
	for round := range 3 {
		for _, user := range strings.Fields("ann bob cyd dan eve fay gus hal ivy jan") {
			_, body := p.ask("/new-feature", "X-User", user)
			name, _, _ := strings.Cut(body, " ")
			if round > 0 && where[user] != name {
				t.Errorf("%s went to %s and then to %s", user, where[user], name)
			}
			where[user] = name
		}
	}
	count := map[string]int{}
	for _, name := range where {
		count[name]++
	}
	if count["main"] == 0 || count["canary"] == 0 {
		t.Errorf("of ten users went %v", count)
	}
	if _, body := p.ask("/new-feature"); !strings.HasPrefix(body, "main ") {
		t.Errorf("a request of nobody went to %q", body)
	}
	if n := p.admin.scraped("sidecar_http_filtered_total", `reason="split"`); int(n) != 3*count["canary"] {
		t.Errorf("%v splits counted, want %d", n, 3*count["canary"])
	}

	c.listener = strings.Replace(c.listener, "percent = 50", "percent = 100", 1)
	p.reload(c, "configuration reloaded")
	for user := range where {
		if _, body := p.ask("/new-feature", "X-User", user); !strings.HasPrefix(body, "canary ") {
			t.Errorf("at 100 %% %s went to %q", user, body)
		}
	}
	c.listener += "[[listener.route.filter]]\nset_request = { Host = \"evil\" }\n"
	p.reload(c, "reload refused")
	if !p.log.has("listener") || !p.log.has("cannot be changed") {
		t.Error("the log does not say what is wrong with the filter")
	}
}
