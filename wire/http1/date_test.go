package http1

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/peer"
)

var ownDate = regexp.MustCompile(`Date: [A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT\r\n`)

// undated is a head without the Date that the sidecar gives.
func undated(head string) string { return ownDate.ReplaceAllString(head, "") }

// dated checks that a head that was made since then has one Date, of its time.
func dated(t *testing.T, head string, since time.Time) {
	t.Helper()
	all := ownDate.FindAllString(head, -1)
	if len(all) != 1 {
		t.Fatalf("got %q", head)
	}
	got, err := http.ParseTime(strings.TrimSpace(strings.TrimPrefix(all[0], "Date: ")))
	if err != nil || got.Before(since.Truncate(time.Second)) || got.After(time.Now()) {
		t.Errorf("got %v, %v", got, err)
	}
}

// RFC 9110, 6.6.1: "A recipient with a clock that receives a response message
// without a Date header field MUST record the time it was received and append a
// corresponding Date header field".
func TestReplyWithoutADateGetsOne(t *testing.T) {
	for _, row := range []struct{ name, request, reply string }{
		{"length", get("/"), ok200},
		{"chunked", get("/"), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{"until the end", get("/"), "HTTP/1.0 200 OK\r\n\r\nx"},
		{"HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"},
		{"204", get("/"), "HTTP/1.1 204 No Content\r\n\r\n"},
		{"304", get("/"), "HTTP/1.1 304 Not Modified\r\n\r\n"},
		{"404", get("/"), "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"},
		{"426", get("/"), "HTTP/1.1 426 Upgrade\r\nUpgrade: x\r\nContent-Length: 0\r\n\r\n"},
		{"503", get("/"), "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"},
		{"behind a 1xx with one", get("/"), "HTTP/1.1 103 Hints\r\nDate: x\r\n\r\n" + ok200},
		{"a client of HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", ok200},
		{"one that is of the hop", get("/"), "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nConnection: date\r\nContent-Length: 0\r\n\r\n"},
		{"another field that is as long", get("/"), "HTTP/1.1 200 OK\r\nHost: x\r\nDatf: x\r\nContent-Length: 0\r\n\r\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := newHarness(t, backend(t, func(c *peer.Conn, _ heard) []string {
				c.Send(row.reply)
				if row.name == "until the end" {
					c.HalfClose()
				}
				return nil
			}).Addr())
			c, since := h.client(t), time.Now()
			c.Send(row.request)
			head := c.Until("\r\n\r\n")
			if strings.HasPrefix(head, "HTTP/1.1 103") {
				head = c.Until("\r\n\r\n")
			}
			dated(t, head, since)
		})
	}
}

func TestDateOfAReplyPassesAsItCame(t *testing.T) {
	for _, field := range []string{"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n", "dATE:x \r\n", "Date:\r\n", "Date: a\r\ndate: b\r\n"} {
		h := newHarness(t, backend(t, always("HTTP/1.1 200 OK\r\n"+field+"Content-Length: 0\r\n\r\n")).Addr())
		c := h.client(t)
		c.Send(get("/"))
		c.Expect("HTTP/1.1 200 OK\r\n" + field + "Content-Length: 0\r\nVia: 1.1 sidecar\r\n\r\n")
	}
}

func TestOwnRepliesAreDated(t *testing.T) {
	h := newHarness(t, "127.0.0.1:1")
	for _, request := range []string{get("/"), "GET\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n"} {
		c, since := h.client(t), time.Now()
		c.Send(request)
		dated(t, listen(c, false).head, since)
	}
	since := time.Now()
	dated(t, string(h.srv.refusal(sidecar.TooManyConnections)), since)
}

// A page that outgrew its buffer would lose it.
func TestErrorPagesFitTheirBuffers(t *testing.T) {
	var s Server
	for r := range sidecar.ReasonCount {
		for status := 400; status < 600; status++ {
			for _, to := range []toClient{{close: true}, {http10: true, after: 1 << 62}} {
				to.date = s.dates.Text(1)
				if n := len(appendErrorReply(nil, status, r.String(), "", 1<<62, to, false)); n > headSlack {
					t.Errorf("%v, %d: %d bytes", r, status, n)
				}
			}
		}
	}
}
