package http1

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"sidecar/internal/peer"
)

// heard is a message as a scripted peer got it.
type heard struct {
	head   string // with its empty line
	body   string // content, framing taken off
	raw    string // body as it came
	ended  bool   // the connection ended instead of, or within, the message
	status int    // of a reply
}

// field is the value of the first field of that name, as it came.
func (m heard) field(name string) string {
	for line := range strings.SplitSeq(m.head, "\r\n") {
		if n, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(n, name) {
			return strings.Trim(v, " \t")
		}
	}
	return ""
}

// listen reads a message; bodyless is a reply to HEAD.
func listen(c *peer.Conn, bodyless bool) heard {
	var m heard
	head, ok := c.TryUntil("\r\n\r\n")
	m.head = head
	if !ok {
		m.ended = true
		return m
	}
	isReply := strings.HasPrefix(head, "HTTP/")
	if isReply {
		m.status, _ = strconv.Atoi(head[9:12])
		if m.status < 200 || m.status == 204 || m.status == 304 || bodyless {
			return m
		}
	}
	switch {
	case strings.EqualFold(m.field("Transfer-Encoding"), "chunked"):
		m.ended = !m.chunks(c)
	case m.field("Content-Length") != "":
		n, err := strconv.Atoi(m.field("Content-Length"))
		if err != nil || n < 0 {
			c.T.Errorf("length in %q", m.head)
			m.ended = true
			return m
		}
		m.raw = c.Read(n)
		m.body = m.raw
	case isReply:
		m.raw, _ = c.Rest()
		m.body, m.ended = m.raw, true
	}
	return m
}

func (m *heard) chunks(c *peer.Conn) bool {
	for {
		line, ok := c.TryUntil("\r\n")
		m.raw += line
		if !ok {
			return false
		}
		size, _, _ := strings.Cut(strings.TrimSuffix(line, "\r\n"), ";")
		n, err := strconv.ParseInt(size, 16, 32)
		if err != nil {
			c.T.Errorf("chunk-size line %q", line)
			return false
		}
		if n == 0 {
			break
		}
		data := c.Read(int(n) + 2)
		m.raw += data
		m.body += data[:n]
	}
	for {
		line, ok := c.TryUntil("\r\n")
		m.raw += line
		if !ok || line == "\r\n" {
			return ok
		}
	}
}

// backend answers every request with what answer makes of it, in the pieces it
// returns, until the connection ends.
func backend(t testing.TB, answer func(c *peer.Conn, m heard) []string) *peer.Listener {
	return peer.Listen(t, func(c *peer.Conn) {
		for {
			m := listen(c, false)
			if m.ended {
				return
			}
			for _, piece := range answer(c, m) {
				if !c.TrySend(piece) {
					return
				}
			}
		}
	})
}

// always is an answer that is the same for every request.
func always(pieces ...string) func(*peer.Conn, heard) []string {
	return func(*peer.Conn, heard) []string { return pieces }
}

const ok200 = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func get(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n" }

func post(body string) string {
	return fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// chunked is body in chunks of size bytes, with its end.
func chunked(body string, size int) string {
	var b strings.Builder
	for body != "" {
		n := min(size, len(body))
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	b.WriteString("0\r\n\r\n")
	return b.String()
}

func postChunked(chunks string) string {
	return "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
}

// text is n bytes that tell where one is missing.
func text(n int) string {
	b := make([]byte, 0, n+8)
	for i := 10_000_000; len(b) < n; i++ {
		b = append(strconv.AppendInt(b, int64(i), 10), ',')
	}
	return string(b[:n])
}

// want checks a reply's status and reason.
func want(t testing.TB, m heard, status int, reason string) {
	t.Helper()
	if m.status != status || m.field("X-Sidecar-Reason") != reason {
		t.Fatalf("got %d %q, want %d %q:\n%s%s", m.status, m.field("X-Sidecar-Reason"), status, reason, m.head, m.body)
	}
}
