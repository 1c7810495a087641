package http1

import (
	"strings"
	"testing"
	"time"

	"sidecar/internal/peer"
	"sidecar/wire/http"
)

// Whichever of two senders wins, its reply and no other is stored, and a 304 to
// the cache's condition brings the stored one to the client.
func TestTheWinnersReplyIsStored(t *testing.T) {
	reply := func(name string) func(m heard) []string {
		return func(m heard) []string {
			if strings.Contains(m.head, "If-None-Match: \"v\"\r\n") {
				return []string{"HTTP/1.1 304 Not Modified\r\n" + hour + "ETag: \"v\"\r\nX-By: " + name + "\r\n\r\n"}
			}
			return []string{"HTTP/1.1 200 OK\r\n" + hour + "ETag: \"v\"\r\nVary: X-V\r\nX-By: " + name + "\r\nContent-Length: 3\r\n\r\n" + strings.Repeat(name, 3)}
		}
	}
	one, two := reply("a"), reply("b")
	first, second := backend(t, func(_ *peer.Conn, m heard) []string { return one(m) }), backend(t, func(_ *peer.Conn, m heard) []string { return two(m) })
	d := newDuel(t, first.Addr(), second.Addr())
	c := http.NewCache(http.CacheParams{}, http.CacheSettings{Mode: http.CacheOn, MaxBytes: 1 << 20, MaxEntry: 64 << 10, Coalesce: true, CoalesceWait: time.Second})
	d.h.srv.handler = c.Layer(d)
	cl := d.h.client(t)
	ask := func(path, fields string) heard {
		cl.Send("GET " + path + " HTTP/1.1\r\nHost: a\r\nX-V: 1\r\n" + fields + "\r\n")
		return listen(cl, false)
	}
	for i := range 200 {
		path := "/" + text(1+i%50)
		m := ask(path, "")
		by := m.field("X-By")
		if m.status != 200 || i < 50 && m.body != strings.Repeat(by, 3) {
			t.Fatalf("%d: %q %q", i, m.head, m.body)
		}
		hit := ask(path, "")
		if !strings.HasPrefix(hit.field("Cache-Status"), "sidecar; hit") || hit.body != m.body || hit.field("X-By") != by {
			t.Fatalf("%d: stored %q %q of %q", i, hit.head, hit.body, m.head)
		}
		again := ask(path, "Cache-Control: no-cache\r\n")
		if again.field("Cache-Status") != "sidecar; fwd=stale; fwd-status=304" && again.status != 200 || again.body != m.body {
			t.Fatalf("%d: asked again: %q %q", i, again.head, again.body)
		}
	}
	ask("/x", "") // what the one before it counts, it does behind its reply
	if s := c.State(); s.Requests["revalidated"] != 200 {
		t.Errorf("%+v", s)
	}
}
