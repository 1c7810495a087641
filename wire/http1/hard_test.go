package http1

import "testing"

// A connection that was between two requests when the grace ended must not
// begin another one: the process would wait for its reply, for as long as that
// may take.
func TestNothingBeginsAfterAHardDrain(t *testing.T) {
	for _, row := range []struct{ name, request string }{
		{"request", get("/")},
		{"half a head", "GET / HTTP/1.1\r\nHost"},
		{"half a small body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"},
		{"streamed body", postChunked("5\r\nabc")},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := newHarness(t, backend(t, always(ok200)).Addr())
			c := h.client(t)
			c.Send(get("/"))
			if m := listen(c, false); m.status != 200 {
				t.Fatalf("got %s", m.head)
			}
			h.mu.Lock()
			h.served[0].Drain(true)
			h.mu.Unlock()
			c.Send(row.request)
			want(t, listen(c, false), 503, "shutting_down")
			c.HalfClose()
			c.End()
		})
	}
}
