package http1

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/peer"
	"sidecar/wire/http"
)

// cached puts a cache before the harness's backend.
func (h *harness) cached() *http.Cache {
	c := http.NewCache(http.CacheParams{}, http.CacheSettings{
		Mode: http.CacheOn, MaxBytes: 16 << 20, MaxEntry: 4 << 20, Coalesce: true, CoalesceWait: time.Second,
	})
	h.srv.handler = c.Layer(h)
	return c
}

const hour = "Cache-Control: max-age=3600\r\n"

// A stored reply is the one that came, however its body was framed.
func TestStoredRepliesAreTheOnesThatCame(t *testing.T) {
	long := text(300_000)
	for _, row := range []struct{ name, reply, body string }{
		{"short", "HTTP/1.1 200 OK\r\n" + hour + "X-A: 1\r\nContent-Length: 5\r\n\r\nhello", "hello"},
		{"empty", "HTTP/1.1 200 OK\r\n" + hour + "X-A: 1\r\nContent-Length: 0\r\n\r\n", ""},
		{"long", "HTTP/1.1 200 OK\r\n" + hour + "X-A: 1\r\nContent-Length: 300000\r\n\r\n" + long, long},
		{"chunked", "HTTP/1.1 200 OK\r\n" + hour + "X-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked("hello", 2), "hello"},
		{"chunked with extensions and trailers", "HTTP/1.1 200 OK\r\n" + hour + "X-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nX-T: 1\r\n\r\n", "hello"},
		{"chunked and long", "HTTP/1.1 200 OK\r\n" + hour + "X-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(long, 7000), long},
		{"without content", "HTTP/1.1 204 No Content\r\n" + hour + "X-A: 1\r\n\r\n", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, plain := range []bool{false, true} {
				back := backend(t, always(row.reply))
				h := newHarness(t, back.Addr())
				h.plain.Store(plain)
				c := h.cached()
				cl := h.client(t)
				for i := range 3 {
					cl.Send(get("/x"))
					m := listen(cl, false)
					if m.body != row.body && m.field("Transfer-Encoding") == "" || m.field("X-A") != "1" || m.field("Connection") != "" {
						t.Fatalf("reply %d: %q with %d bytes", i+1, m.head, len(m.body))
					}
					if hit := strings.HasPrefix(m.field("Cache-Status"), "sidecar; hit"); hit != (i > 0) || hit && (m.field("Age") == "" || m.body != row.body) {
						t.Errorf("reply %d: %q", i+1, m.head)
					}
				}
				cl.Send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n")
				if m := listen(cl, true); !strings.HasPrefix(m.field("Cache-Status"), "sidecar; hit") || m.status == 200 && m.field("Content-Length") != fmt.Sprint(len(row.body)) {
					t.Errorf("HEAD: %q", m.head)
				}
				if s := c.State(); s.Stored != 1 || s.Requests["hit"] != 3 {
					t.Errorf("%+v", s)
				}
			}
		})
	}
}

func TestRepliesThatEndWithTheirConnectionAreNotStored(t *testing.T) {
	h := newHarness(t, backend(t, always("HTTP/1.1 200 OK\r\n"+hour+"Connection: close\r\n\r\nhello", "")).Addr())
	c := h.cached()
	for range 2 {
		cl := h.client(t)
		cl.Send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		cl.Until("\r\n\r\n")
	}
	if n := c.State().Stored; n != 0 {
		t.Errorf("%d stored", n)
	}
}

// A client of HTTP/1.0 gets what was stored of a chunked reply, and what it asked
// for itself is not stored, as its framing is taken off on the way.
func TestClientsOfHTTP10ShareTheCache(t *testing.T) {
	h := newHarness(t, backend(t, always("HTTP/1.1 200 OK\r\n"+hour+"Transfer-Encoding: chunked\r\n\r\n"+chunked("hello", 2))).Addr())
	c := h.cached()
	old := func() string {
		cl := h.client(t)
		cl.Send("GET / HTTP/1.0\r\nHost: a\r\n\r\n")
		got, _ := cl.Rest()
		return got
	}
	if got := old(); !strings.HasSuffix(got, "\r\n\r\nhello") || c.State().Stored != 0 {
		t.Errorf("got %q, %d stored", got, c.State().Stored)
	}
	cl := h.client(t)
	cl.Send(get("/"))
	listen(cl, false)
	if got := old(); !strings.HasSuffix(got, "\r\n\r\nhello") || !strings.Contains(got, "sidecar; hit") || !strings.Contains(got, "Content-Length: 5\r\n") {
		t.Errorf("got %q", got)
	}
}

func TestStaleReplyIsAskedForWithItsValidatorOnly(t *testing.T) {
	heads := make(chan string, 4)
	var n atomic.Int32
	h := newHarness(t, backend(t, func(_ *peer.Conn, m heard) []string {
		heads <- m.head
		if n.Add(1) == 1 {
			return []string{"HTTP/1.1 200 OK\r\nCache-Control: max-age=1, stale-if-error=60\r\nAge: 0\r\nDate: " + time.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT") + "\r\nETag: \"v1\"\r\nContent-Length: 5\r\n\r\nhello"}
		}
		return []string{"HTTP/1.1 304 Not Modified\r\nCache-Control: max-age=3600\r\nETag: \"v1\"\r\n\r\n"}
	}).Addr())
	c := h.cached()
	cl := h.client(t)
	cl.Send(get("/"))
	listen(cl, false)
	<-heads
	// The request's own max-age makes it stale, with no time to wait.
	cl.Send("GET / HTTP/1.1\r\nHost: a\r\nCache-Control: max-age=0, min-fresh=2\r\nIf-None-Match: \"mine\"\r\nIf-Modified-Since: x\r\n\r\n")
	m := listen(cl, false)
	if m.status != 200 || m.body != "hello" || m.field("Cache-Status") != "sidecar; fwd=stale; fwd-status=304" || m.field("Cache-Control") != "max-age=3600" {
		t.Errorf("got %q %q", m.head, m.body)
	}
	if head := <-heads; !strings.Contains(head, "If-None-Match: \"v1\"\r\n") || strings.Contains(head, "mine") || strings.Contains(head, "If-Modified-Since") {
		t.Errorf("the backend got %q", head)
	}
	cl.Send("GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"v1\"\r\n\r\n")
	if m := listen(cl, false); m.status != 304 || m.field("ETag") != `"v1"` || m.field("Content-Length") != "" {
		t.Errorf("got %q", m.head)
	}
	if h.dials != 1 {
		t.Errorf("%d connections: the 304's was not used again", h.dials)
	}
	if r := c.State().Requests; r["revalidated"] != 1 || r["hit"] != 1 || r["miss"] != 1 {
		t.Errorf("counted %v", r)
	}
}

// What another try replaced is not what is stored.
func TestOnlyTheReplyThatGoesOutIsStored(t *testing.T) {
	var n atomic.Int32
	h := newHarness(t, backend(t, func(*peer.Conn, heard) []string {
		if n.Add(1) == 1 {
			return []string{"HTTP/1.1 503 No\r\n" + hour + "Content-Length: 3\r\n\r\nbad"}
		}
		return []string{"HTTP/1.1 200 OK\r\n" + hour + "Content-Length: 4\r\n\r\ngood"}
	}).Addr())
	h.tries, h.hold = 2, sidecar.Classes(sidecar.Unavailable)
	h.cached()
	cl := h.client(t)
	for range 2 {
		cl.Send(get("/"))
		if m := listen(cl, false); m.status != 200 || m.body != "good" {
			t.Errorf("got %q %q", m.head, m.body)
		}
	}
	if n.Load() != 2 {
		t.Errorf("the backend was asked %d times", n.Load())
	}
}

// Filters of the request stand before the cache, those of the reply behind it.
func TestStoredRepliesAreFiltered(t *testing.T) {
	h := newHarness(t, backend(t, always("HTTP/1.1 200 OK\r\n"+hour+"Vary: X-T\r\nServer: s\r\nContent-Length: 5\r\n\r\nhello")).Addr())
	c := h.cached()
	inner := h.srv.handler
	through := func(tier string) heard {
		fs, err := http.Compile([]http.Filter{
			{SetRequest: []http.Field{{Name: "X-T", Value: tier}}}, {RemoveReply: []string{"server"}}, {SetReply: []http.Field{{Name: "X-R", Value: tier}}},
			{Rewrite: &http.Rewrite{Prefix: "/" + tier, To: "/same"}},
		}, func(string) sidecar.Service { return h })
		if err != nil {
			t.Fatal(err)
		}
		h.srv.handler = fs.Layer(http.NewFilterStats(nil, ""))(inner)
		cl := h.client(t)
		cl.Send(get("/" + tier + "/x"))
		return listen(cl, false)
	}
	for i, tier := range []string{"gold", "iron", "gold", "iron"} {
		m := through(tier)
		if m.field("Server") != "" || m.field("X-R") != tier || strings.HasPrefix(m.field("Cache-Status"), "sidecar; hit") != (i > 1) {
			t.Errorf("%d: %q", i, m.head)
		}
	}
	if s := c.State(); s.Targets != 1 || s.Stored != 2 {
		t.Errorf("%+v", s)
	}
}

func TestUpgradesPassTheCacheBy(t *testing.T) {
	h := newHarness(t, backend(t, func(_ *peer.Conn, m heard) []string {
		if strings.Contains(m.head, "Upgrade: websocket") {
			return []string{"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"}
		}
		return []string{"HTTP/1.1 200 OK\r\n" + hour + "Content-Length: 2\r\n\r\nok"}
	}).Addr())
	h.cached()
	cl := h.client(t)
	cl.Send(get("/"))
	listen(cl, false)
	cl.Send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	if head := cl.Until("\r\n\r\n"); !strings.HasPrefix(head, "HTTP/1.1 101 ") {
		t.Errorf("got %q", head)
	}
}
