package http1

import (
	"context"
	"strings"
	"testing"

	"sidecar"
	"sidecar/internal/peer"
	"sidecar/wire/http"
)

// filter puts filters before the harness's backend.
func (h *harness) filter(t testing.TB, filters ...http.Filter) {
	t.Helper()
	fs, err := http.Compile(filters, func(string) sidecar.Service { return h })
	if err != nil {
		t.Fatal(err)
	}
	h.srv.handler = fs.Layer(http.NewFilterStats(nil, ""))(h)
}

// filtered sends a request through filters and gives what the backend got and
// what the client got.
func filtered(t *testing.T, request, reply string, filters ...http.Filter) (head string, m heard) {
	t.Helper()
	heads := make(chan string, 1)
	h := newHarness(t, backend(t, func(_ *peer.Conn, m heard) []string {
		heads <- m.head
		return []string{reply}
	}).Addr())
	h.filter(t, filters...)
	c := h.client(t)
	c.Send(request)
	m = listen(c, strings.HasPrefix(request, "HEAD"))
	select {
	case head = <-heads:
	default:
	}
	return head, m
}

func TestFiltersChangeTheFieldsOfRequests(t *testing.T) {
	const in = "GET /a?q HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nx-a: 2\r\nCookie: c\r\nX-Request-Id: r\r\n\r\n"
	for _, row := range []struct {
		name    string
		filters []http.Filter
		want    string
	}{
		{"set", []http.Filter{{SetRequest: []http.Field{{Name: "X-A", Value: "3"}}}}, "Cookie: c\r\nX-Request-Id: r\r\nX-A: 3\r\n"},
		{"set what is not there", []http.Filter{{SetRequest: []http.Field{{Name: "X-B", Value: ""}}}}, "X-A: 1\r\nx-a: 2\r\nCookie: c\r\nX-Request-Id: r\r\nX-B: \r\n"},
		{"add", []http.Filter{{AddRequest: []http.Field{{Name: "X-A", Value: "3"}}}}, "X-A: 1\r\nx-a: 2\r\nCookie: c\r\nX-Request-Id: r\r\nX-A: 3\r\n"},
		{"remove", []http.Filter{{RemoveRequest: []string{"X-a", "cookie"}}}, "X-Request-Id: r\r\n"},
		{"a name that is the same to some", []http.Filter{{SetRequest: []http.Field{{Name: "Cookie", Value: "d"}, {Name: "x_a", Value: "3"}}}}, "X-Request-Id: r\r\nCookie: d\r\nx_a: 3\r\n"},
		{"in order", []http.Filter{
			{AddRequest: []http.Field{{Name: "X-A", Value: "lost"}}}, {RemoveRequest: []string{"x-a"}}, {AddRequest: []http.Field{{Name: "X-A", Value: "3"}}},
			{SetRequest: []http.Field{{Name: "Cookie", Value: "d"}}},
		}, "X-Request-Id: r\r\nX-A: 3\r\nCookie: d\r\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			head, m := filtered(t, in, ok200, row.filters...)
			want := "GET /a?q HTTP/1.1\r\nHost: a\r\n" + row.want + strings.TrimPrefix(stamp, "X-Request-Id: r\r\n")
			if head != want || m.status != 200 {
				t.Errorf("the backend got\n%q, want\n%q", head, want)
			}
		})
	}
}

// Whatever spelling a client finds, what a filter set is all that the backend
// sees: not by Connection, which takes fields away, nor by a name that becomes
// the same variable.
func TestClientCannotUndoWhatFiltersSet(t *testing.T) {
	for _, fields := range []string{
		"X-User: evil\r\n", "x-user: evil\r\nX-USER: evil\r\n", "X_User: evil\r\n", "x_uSER: evil\r\nX-User: evil\r\n",
		"Connection: X-User\r\nX-User: evil\r\n", "Connection: X-User, x_user\r\n", "Connection: close, X-User\r\nX_User: evil\r\n",
	} {
		head, m := filtered(t, "GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: r\r\n"+fields+"\r\n", ok200, http.Filter{SetRequest: []http.Field{{Name: "X-User", Value: "good"}}})
		if strings.Contains(head, "evil") || !strings.Contains(head, "\r\nX-User: good\r\n") || m.status != 200 {
			t.Errorf("%q: the backend got %q", fields, head)
		}
	}
}

func TestFiltersChangeTheFieldsOfReplies(t *testing.T) {
	const reply = "HTTP/1.1 200 OK\r\nServer: s\r\nX-A: 1\r\nContent-Length: 2\r\nDate: d\r\n\r\nok"
	_, m := filtered(t, get("/"), reply,
		http.Filter{RemoveReply: []string{"server"}}, http.Filter{SetReply: []http.Field{{Name: "X-A", Value: "2"}}}, http.Filter{AddReply: []http.Field{{Name: "X-B", Value: "3"}}})
	if want := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: d\r\nX-A: 2\r\nX-B: 3\r\nVia: 1.1 sidecar\r\n\r\n"; m.head != want || m.body != "ok" {
		t.Errorf("the client got\n%q, want\n%q", m.head, want)
	}
}

func TestFiltersRewritePaths(t *testing.T) {
	for _, row := range []struct{ prefix, to, target, want string }{
		{"/api", "/", "/api/x?q=1", "/x?q=1"},
		{"/api", "/", "/api", "/"},
		{"/api", "/", "/api?q", "/?q"},
		{"/api/", "/v1", "/api/x", "/v1/x"},
		{"/api", "/v1/", "/api/x", "/v1/x"},
		{"/api", "/v1", "/apix", "/apix"},
		{"/api", "/v1", "/other", "/other"},
		{"/", "/v1", "/x", "/v1/x"},
		{"/api", "/v1", "http://b/api/x?q", "/v1/x?q"},
		{"/", "/v1", "http://b?q", "/v1?q"},
		{"/", "/v1", "http://b", "/v1"},
	} {
		head, _ := filtered(t, "GET "+row.target+" HTTP/1.1\r\nHost: a\r\nX-Request-Id: r\r\n\r\n", ok200, http.Filter{Rewrite: &http.Rewrite{Prefix: row.prefix, To: row.to}})
		if line, _, _ := strings.Cut(head, "\r\n"); line != "GET "+row.want+" HTTP/1.1" {
			t.Errorf("%s to %s: %s became %q, want %s", row.prefix, row.to, row.target, line, row.want)
		}
	}
}

func TestRewritesFollowEachOther(t *testing.T) {
	head, _ := filtered(t, get("/a/x"), ok200,
		http.Filter{Rewrite: &http.Rewrite{Prefix: "/a", To: "/b/c"}}, http.Filter{Rewrite: &http.Rewrite{Prefix: "/b", To: "/longer/d"}})
	if !strings.HasPrefix(head, "GET /longer/d/c/x HTTP/1.1\r\n") {
		t.Errorf("got %q", head)
	}
}

func TestEachTryIsFilteredAlike(t *testing.T) {
	var heads []string
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		heads = append(heads, c.Until("\r\n\r\n"))
		if len(heads) == 1 {
			c.Send("HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			return
		}
		c.Send(ok200)
	}).Addr())
	h.tries, h.hold = 2, sidecar.Classes(sidecar.Unavailable)
	h.filter(t, http.Filter{Rewrite: &http.Rewrite{Prefix: "/", To: "/b"}}, http.Filter{SetRequest: []http.Field{{Name: "X-A", Value: "1"}}})
	c := h.client(t)
	c.Send("GET /x HTTP/1.1\r\nHost: a\r\nX-A: 0\r\n\r\n")
	if m := listen(c, false); m.status != 200 {
		t.Fatalf("got %q", m.head)
	}
	if len(heads) != 2 || heads[0] != heads[1] || !strings.Contains(heads[0], "GET /b/x ") || !strings.Contains(heads[0], "X-A: 1\r\n") || strings.Contains(heads[0], "X-A: 0") {
		t.Errorf("tries sent %q", heads)
	}
}

// What one request's filters made of it is forgotten by the next on its
// connection.
func TestFilteredRequestLeavesNothingForTheNext(t *testing.T) {
	heads := make(chan string, 2)
	h := newHarness(t, backend(t, func(_ *peer.Conn, m heard) []string {
		heads <- m.head
		return []string{ok200}
	}).Addr())
	h.filter(t, http.Filter{Rewrite: &http.Rewrite{Prefix: "/", To: "/b"}}, http.Filter{SetRequest: []http.Field{{Name: "X-A", Value: "1"}}})
	c := h.client(t)
	c.Send(get("/x"))
	listen(c, false)
	<-heads
	h.srv.handler = h
	c.Send(get("/x"))
	listen(c, false)
	if head := <-heads; !strings.HasPrefix(head, "GET /x ") || strings.Contains(head, "X-A") {
		t.Errorf("got %q", head)
	}
}

func TestFiltersAnswer(t *testing.T) {
	for _, row := range []struct {
		name, request string
		filter        http.Filter
		status        int
		location      string
	}{
		{"https", get("/a?q"), http.Filter{Redirect: &http.Redirect{Status: 308, HTTPS: true}}, 308, "https://a/a?q"},
		{"https, without the port", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", http.Filter{Redirect: &http.Redirect{Status: 301, HTTPS: true}}, 301, "https://[::1]/"},
		{"host", get("/a"), http.Filter{Redirect: &http.Redirect{Status: 302, Host: "b:8"}}, 302, "http://b:8/a"},
		{"prefix", get("/old/x?q"), http.Filter{Redirect: &http.Redirect{Status: 307, Prefix: "/old", To: "/new"}}, 307, "/new/x?q"},
		{"another prefix", get("/x"), http.Filter{Redirect: &http.Redirect{Status: 307, Prefix: "/old", To: "/new"}}, 200, ""},
		{"not to a host in the path", get("/old//evil/x"), http.Filter{Redirect: &http.Redirect{Status: 303, Prefix: "/old", To: "/"}}, 303, "/evil/x"},
		{"nor behind a backslash", get(`/old/\evil/x`), http.Filter{Redirect: &http.Redirect{Status: 303, Prefix: "/old", To: "/"}}, 303, "/evil/x"},
		{"fixed", get("/x"), http.Filter{Reply: &http.FixedReply{Status: 410, Type: "text/plain", Body: "gone"}}, 410, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			head, m := filtered(t, row.request, ok200, http.Filter{SetReply: []http.Field{{Name: "X-A", Value: "1"}}}, row.filter)
			if m.status != row.status || m.field("Location") != row.location || m.field("X-A") != "1" {
				t.Errorf("got %q", m.head)
			}
			if asked := row.status == 200; asked != (head != "") {
				t.Errorf("the backend got %q", head)
			}
			if row.filter.Reply != nil && (m.body != "gone" || m.field("Content-Type") != "text/plain") {
				t.Errorf("got %q %q", m.head, m.body)
			}
		})
	}
}

func TestRequestsAreSelectedByTheirParts(t *testing.T) {
	got := make(chan string, 1)
	h := newHarness(t, backend(t, always(ok200)).Addr())
	h.srv.handler = taking(func(x *sidecar.Exchange) {
		var all []string
		for _, name := range []string{"cookie:b", "cookie:c", "cookie:none", "client", "path:2", "path:3", "query:q", "query:none"} {
			sel, _ := http.Select(name)
			v, ok := x.Msg.Attr(sel)
			if !ok {
				v = []byte("-")
			}
			all = append(all, string(v))
		}
		got <- strings.Join(all, " ")
	}, h)
	c := h.client(t)
	c.Send("GET /a/b?p=1&q=2 HTTP/1.1\r\nHost: a\r\nCookie: a=1; bb=2;b=3\r\nCookie: c=; C=4\r\n\r\n")
	listen(c, false)
	if s := <-got; s != "3  - 127.0.0.1 b - 2 -" {
		t.Errorf("got %q", s)
	}
}

// taking looks at each exchange before next.
func taking(look func(*sidecar.Exchange), next sidecar.Service) sidecar.Service {
	return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		look(x)
		return next.Do(ctx, x)
	})
}
