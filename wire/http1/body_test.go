package http1

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sidecar"
)

// echoing answers every request with its body, of at most limit bytes.
func echoing(t testing.TB, limit int) *harness {
	return answering(t, func(m *message, x *sidecar.Exchange) error {
		body, f := m.Body(x, limit)
		if f != nil {
			return f
		}
		return m.Answer(x, 200, "", append([]byte(nil), body...))
	})
}

func TestBodyIsReadWholeByWhoAnswersByIt(t *testing.T) {
	const limit = 300_000
	long := text(limit)
	for _, row := range []struct {
		name, head, body, want string
		status                 int
	}{
		{"none", "", "", "", 200},
		{"held", "Content-Length: 3\r\n", "abc", "abc", 200},
		{"longer than what is held", fmt.Sprintf("Content-Length: %d\r\n", len(long)), long, long, 200},
		{"chunked", "Transfer-Encoding: chunked\r\n", chunked(text(10_000), 700), text(10_000), 200},
		{"chunked and long", "Transfer-Encoding: chunked\r\n", chunked(long, 1000), long, 200},
		{"too long", fmt.Sprintf("Content-Length: %d\r\n", len(long)+1), "", "sidecar: too_large: body larger than what answers it may hold\n", 413},
		{"chunked and too long", "Transfer-Encoding: chunked\r\n", chunked(long+"x", 5000), "sidecar: too_large: body larger than what answers it may hold\n", 413},
		{"chunked and broken", "Transfer-Encoding: chunked\r\n", "3\r\nabcd", "sidecar: bad_request: chunk data does not end in CRLF\n", 400},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := echoing(t, limit)
			c := h.client(t)
			for range 2 {
				request := "POST / HTTP/1.1\r\nHost: a\r\n" + row.head + "\r\n" + row.body
				half := len(request) - len(row.body)/2
				c.Send(request[:half])
				c.Send(request[half:])
				m := listen(c, false)
				if m.status != row.status || m.body != row.want {
					t.Fatalf("got %q, %d bytes", m.head, len(m.body))
				}
				if row.status != 200 {
					return // and the connection ends
				}
			}
		})
	}
}

func TestBodyAsksForWhatTheClientHoldsBack(t *testing.T) {
	h := echoing(t, 1000)
	c := h.client(t)
	c.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
	c.Expect("HTTP/1.1 100 Continue\r\n\r\n")
	c.Send("abc")
	if m := listen(c, false); m.status != 200 || m.body != "abc" {
		t.Errorf("got %q %q", m.head, m.body)
	}
}

func TestRequestBehindAChunkedBodyIsServed(t *testing.T) {
	h := echoing(t, 1000)
	c := h.client(t)
	one := "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked("abc", 1)
	c.Send(strings.Repeat(one, 3))
	for range 3 {
		if m := listen(c, false); m.status != 200 || m.body != "abc" {
			t.Fatalf("got %q %q", m.head, m.body)
		}
	}
}

func TestClientThatStopsInItsBodyIsGivenUp(t *testing.T) {
	h := echoing(t, 1000)
	s := settings()
	s.HeaderTimeout = 50 * time.Millisecond
	h.srv.Set(s)
	c := h.client(t)
	c.Send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na")
	if m := listen(c, false); m.status != 408 {
		t.Errorf("got %q %q", m.head, m.body)
	}
}
