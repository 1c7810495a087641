package http1

import (
	"fmt"
	"strings"
	"testing"

	"sidecar/internal/peer"
)

// vector is a request that somebody may read in two ways, or that is none.
type vector struct {
	name   string
	bytes  string
	status int
	reason string
}

func vectors() []vector {
	const (
		line = "POST / HTTP/1.1\r\n"
		host = "Host: a\r\n"
		te   = "Transfer-Encoding: chunked\r\n"
		end  = "\r\n0\r\n\r\n"
	)
	field := func(f string) string { return line + host + f + "\r\n" + end }
	chunk := func(c string) string { return line + host + te + "\r\n" + c }
	bad := func(name, bytes string) vector { return vector{name, bytes, 400, "bad_request"} }
	as := func(status int, name, bytes string) vector { return vector{name, bytes, status, "bad_request"} }
	return []vector{
		// Two framings: RFC 9112, 6.1 and 6.3.
		bad("CL.TE", field("Content-Length: 5\r\nTransfer-Encoding: chunked")),
		bad("TE.CL", field("Transfer-Encoding: chunked\r\nContent-Length: 5")),
		bad("CL 0 and TE", field("Content-Length: 0\r\nTransfer-Encoding: chunked")),
		bad("two different CL", field("Content-Length: 5\r\nContent-Length: 6")),
		bad("two equal CL", field("Content-Length: 5\r\nContent-Length: 5")),
		bad("CL list", field("Content-Length: 5, 5")),
		bad("CL list without space", field("Content-Length: 5,5")),
		bad("CL +5", field("Content-Length: +5")),
		bad("CL -1", field("Content-Length: -1")),
		bad("CL -0", field("Content-Length: -0")),
		bad("CL two numbers", field("Content-Length:  5 5")),
		bad("CL hex", field("Content-Length: 0x5")),
		bad("CL leading zero", field("Content-Length: 05")),
		bad("CL fraction", field("Content-Length: 5.0")),
		bad("CL exponent", field("Content-Length: 5e0")),
		bad("CL underscore", field("Content-Length: 1_0")),
		bad("CL empty", field("Content-Length:")),
		bad("CL quoted", field("Content-Length: \"5\"")),
		bad("CL overflow of 64 bits", field("Content-Length: 18446744073709551621")),
		bad("CL of 19 digits", field("Content-Length: 1000000000000000000")),
		bad("CL other digits", field("Content-Length: \xef\xbc\x95")),
		bad("CL vertical tab", field("Content-Length: \x0b5")),
		bad("CL space before colon", field("Content-Length : 5")),
		as(501, "TE identity", field("Transfer-Encoding: identity")),
		as(501, "TE gzip, chunked", field("Transfer-Encoding: gzip, chunked")),
		as(501, "TE chunked, identity", field("Transfer-Encoding: chunked, identity")),
		as(501, "TE chunked twice in a list", field("Transfer-Encoding: chunked, chunked")),
		as(501, "TE xchunked", field("Transfer-Encoding: xchunked")),
		as(501, "TE chunked with parameter", field("Transfer-Encoding: chunked;q=1")),
		as(501, "TE quoted", field("Transfer-Encoding: \"chunked\"")),
		as(501, "TE in quotes of one sort", field("Transfer-Encoding: 'chunked'")),
		as(501, "TE trailing comma", field("Transfer-Encoding: chunked,")),
		as(501, "TE leading comma", field("Transfer-Encoding: ,chunked")),
		as(501, "TE empty", field("Transfer-Encoding:")),
		as(501, "TE no-break space", field("Transfer-Encoding: chunked\xa0")),
		bad("TE twice", field("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")),
		bad("TE chunked then cow", field("Transfer-Encoding: chunked\r\nTransfer-Encoding: cow")),
		as(501, "TE cow then chunked", field("Transfer-Encoding: cow\r\nTransfer-Encoding: chunked")),
		bad("TE space before colon", field("Transfer-Encoding : chunked")),
		bad("TE tab before colon", field("Transfer-Encoding\t: chunked")),
		bad("TE vertical tab", field("Transfer-Encoding:\x0bchunked")),
		bad("TE form feed", field("Transfer-Encoding: chunked\x0c")),
		bad("TE NUL", field("Transfer-Encoding: chunked\x00")),
		bad("TE with NUL in its name", field("Transfer-Encoding\x00: chunked")),
		bad("TE folded", field("Transfer-Encoding:\r\n chunked")),
		bad("TE folded with a tab", field("Transfer-Encoding:\r\n\tchunked")),
		bad("TE behind a bare CR", field("X: y\rTransfer-Encoding: chunked")),
		bad("TE behind a bare LF", field("X: y\nTransfer-Encoding: chunked")),
		bad("TE ended by CR CR LF", field("Transfer-Encoding: chunked\r")),
		bad("TE behind a space at line start", line+host+" Transfer-Encoding: chunked\r\n\r\n"),
		bad("TE first line is folded", line+" Transfer-Encoding: chunked\r\n"+host+"\r\n"),
		bad("TE in HTTP/1.0", "POST / HTTP/1.0\r\n"+te+end),
		// Fields: RFC 9112, 5.1: "No whitespace is allowed between the field
		// name and colon."
		bad("no colon", field("Content-Length 5")),
		bad("no name", field(": 5")),
		bad("NUL in a value", field("X: a\x00b")),
		bad("DEL in a value", field("X: a\x7fb")),
		bad("escape in a value", field("X: a\x1bb")),
		bad("bare CR in a value", field("X: a\rb")),
		bad("8-bit name", field("X\xff: a")),
		bad("quoted name", field("\"X\": a")),
		bad("bracketed name", field("X[]: a")),
		bad("folded field", field("X: a\r\n b")),
		bad("bare LF ends a field", line+host+"X: a\n\r\n"),
		bad("bare LF ends the head", line+host+"\n"),
		bad("bare LF ends the request line", "POST / HTTP/1.1\nHost: a\r\n\r\n"),
		bad("CR alone ends the head", line+host+"\r\rGET / HTTP/1.1\r\nHost: b\r\n\r\n"),
		// Host: RFC 9112, 3.2: "A server MUST respond with a 400 (Bad Request)
		// status code to any HTTP/1.1 request message that lacks a Host header
		// field and to any request message that contains more than one".
		bad("no Host", line+"\r\n"),
		bad("two Hosts", field("Host: b")),
		bad("two equal Hosts", field("Host: a")),
		bad("Host with userinfo", line+"Host: b@a\r\n\r\n"),
		bad("Host with a path", line+"Host: a/b\r\n\r\n"),
		bad("Host with a space", line+"Host: a b\r\n\r\n"),
		bad("Host 8-bit", line+"Host: a\xe9\r\n\r\n"),
		bad("Host with a query", line+"Host: a?b\r\n\r\n"),
		bad("Host space before colon", line+"Host : a\r\n\r\n"),
		bad("userinfo in absolute form", "GET http://u:p@a/ HTTP/1.1\r\n"+host+"\r\n"),
		bad("absolute form without host", "GET http:///x HTTP/1.1\r\n"+host+"\r\n"),
		bad("absolute form of https", "GET https://a/ HTTP/1.1\r\n"+host+"\r\n"),
		bad("absolute form of a file", "GET file:///etc/passwd HTTP/1.1\r\n"+host+"\r\n"),
		bad("absolute form with a backslash", "GET http://a\\@b/ HTTP/1.1\r\n"+host+"\r\n"),
		bad("absolute form, no Host", "GET http://a/ HTTP/1.1\r\n\r\n"),
		// Connection may not take away what frames or names the message.
		bad("Connection: content-length", field("Connection: Content-Length\r\nContent-Length: 5")),
		bad("Connection: transfer-encoding", field("Connection: close, transfer-encoding\r\nTransfer-Encoding: chunked")),
		bad("Connection: host", field("Connection: hOST")),
		bad("Connection names too many", field("Connection: "+strings.Repeat("x,", maxNominated)+"x")),
		// Request lines: RFC 9112, 3.
		bad("lower-case version", "GET / http/1.1\r\n"+host+"\r\n"),
		bad("no version", "GET /\r\n"+host+"\r\n"),
		bad("two spaces", "GET  / HTTP/1.1\r\n"+host+"\r\n"),
		bad("two spaces before the version", "GET /  HTTP/1.1\r\n"+host+"\r\n"),
		bad("tab", "GET\t/ HTTP/1.1\r\n"+host+"\r\n"),
		bad("trailing space", "GET / HTTP/1.1 \r\n"+host+"\r\n"),
		bad("leading space", " GET / HTTP/1.1\r\n"+host+"\r\n"),
		bad("space in the target", "GET /a b HTTP/1.1\r\n"+host+"\r\n"),
		bad("fragment", "GET /a#b HTTP/1.1\r\n"+host+"\r\n"),
		bad("NUL in the target", "GET /a\x00 HTTP/1.1\r\n"+host+"\r\n"),
		bad("tab in the target", "GET /a\tb HTTP/1.1\r\n"+host+"\r\n"),
		bad("relative target", "GET a HTTP/1.1\r\n"+host+"\r\n"),
		bad("asterisk for another method", "GET * HTTP/1.1\r\n"+host+"\r\n"),
		bad("method with a control byte", "GE\x01T / HTTP/1.1\r\n"+host+"\r\n"),
		bad("method with a colon", "GET: / HTTP/1.1\r\n"+host+"\r\n"),
		bad("method too long", strings.Repeat("A", maxMethod+1)+" / HTTP/1.1\r\n"+host+"\r\n"),
		bad("version of three digits", "GET / HTTP/1.11\r\n"+host+"\r\n"),
		bad("version 01.1", "GET / HTTP/01.1\r\n"+host+"\r\n"),
		as(505, "HTTP/0.9 by name", "GET / HTTP/0.9\r\n"+host+"\r\n"),
		as(505, "HTTP/1.2", "GET / HTTP/1.2\r\n"+host+"\r\n"),
		as(505, "HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
		as(405, "CONNECT", "CONNECT a:80 HTTP/1.1\r\n"+host+"\r\n"),
		bad("TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n"),
		bad("leading garbage", "xGET\r\nGET / HTTP/1.1\r\n"+host+"\r\n"),
		bad("a reply", "HTTP/1.1 200 OK\r\n"+host+"\r\n"),
		bad("empty lines for ever", "\r\n\r\n\r\n\r\n"+get("/")),
		{"head too large", line + host + "X: " + strings.Repeat("x", 70_000) + "\r\n\r\n", 431, "too_large"},
		{"head too large in its request line", "GET /" + strings.Repeat("x", 70_000), 431, "too_large"},
		{"too many fields", line + host + strings.Repeat("X: y\r\n", maxFields) + "\r\n", 431, "too_large"},
		// Chunks: RFC 9112, 7.1. These begin in the read that brought the head,
		// so nothing has gone out yet.
		bad("chunk size 0x5", chunk("0x5\r\nhello\r\n0\r\n\r\n")),
		bad("chunk size +5", chunk("+5\r\nhello\r\n0\r\n\r\n")),
		bad("chunk size -1", chunk("-1\r\nhello\r\n0\r\n\r\n")),
		bad("chunk size behind a space", chunk(" 5\r\nhello\r\n0\r\n\r\n")),
		bad("chunk size before a space", chunk("5 \r\nhello\r\n0\r\n\r\n")),
		bad("chunk size before a space and extension", chunk("5 ;x\r\nhello\r\n0\r\n\r\n")),
		bad("chunk size of 64 bits", chunk("10000000000000005\r\nhello\r\n0\r\n\r\n")),
		bad("chunk size that overflows to 5", chunk("ffffffffffffffff5\r\nhello\r\n0\r\n\r\n")),
		bad("chunk size padded for ever", chunk("0000000000000005\r\nhello\r\n0\r\n\r\n")),
		bad("chunk size g", chunk("g\r\nhello\r\n0\r\n\r\n")),
		bad("chunk size missing", chunk("\r\nhello\r\n0\r\n\r\n")),
		bad("chunk size with underscore", chunk("1_0\r\nhello\r\n0\r\n\r\n")),
		bad("chunk size ended by LF", chunk("5\nhello\r\n0\r\n\r\n")),
		bad("chunk size ended by CR", chunk("5\rhello\r\n0\r\n\r\n")),
		bad("chunk extension with LF", chunk("5;a\nhello\r\n0\r\n\r\n")),
		bad("chunk extension with CR", chunk("5;a\rb\r\nhello\r\n0\r\n\r\n")),
		bad("chunk extension with NUL", chunk("5;a\x00\r\nhello\r\n0\r\n\r\n")),
		bad("chunk extension without end", chunk("5;"+strings.Repeat("a", 2000))),
		bad("chunk data too long", chunk("5\r\nhello!\r\n0\r\n\r\n")),
		bad("chunk data ended by LF", chunk("5\r\nhello\n0\r\n\r\n")),
		bad("chunk data ended by CR CR", chunk("5\r\nhello\r\r0\r\n\r\n")),
		bad("last chunk ended by LF", chunk("0\n\r\n")),
		bad("trailer section ended by LF", chunk("0\r\nX: y\r\n\n")),
		bad("trailer folded", chunk("0\r\nX: y\r\n z\r\n\r\n")),
		bad("trailer without colon", chunk("0\r\nGET / HTTP/1.1\r\n\r\n")),
		bad("trailer with Content-Length", chunk("0\r\nContent-Length: 5\r\n\r\n")),
		bad("trailer with Transfer-Encoding", chunk("0\r\nTransfer-Encoding: chunked\r\n\r\n")),
		bad("trailer with Host", chunk("0\r\nHost: b\r\n\r\n")),
		bad("trailer with X-Forwarded-For", chunk("0\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n")),
	}
}

// What may be read in two ways is refused, with the reason; nothing of it, and
// nothing behind it, reaches a backend.
func TestAmbiguousRequestsAreRefused(t *testing.T) {
	const smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
	back := backend(t, func(_ *peer.Conn, m heard) []string {
		t.Errorf("the backend got %q", m.head)
		return []string{ok200}
	})
	h := newHarness(t, back.Addr())
	rows := vectors()
	if len(rows) < 60 {
		t.Errorf("%d rows", len(rows))
	}
	for _, v := range rows {
		t.Run(v.name, func(t *testing.T) {
			c := h.client(t)
			c.TrySend(v.bytes + smuggled)
			m := listen(c, false)
			want(t, m, v.status, v.reason)
			if m.field("Connection") != "close" || !strings.HasPrefix(m.body, "sidecar: "+v.reason+": ") {
				t.Errorf("got %s%s", m.head, m.body)
			}
			c.End()
		})
	}
	if n := back.Received(); n != 0 || back.Conns() != 0 {
		t.Errorf("the backend got %d bytes on %d connections", n, back.Conns())
	}
}

// The same, when it comes a byte at a time and chunks have been forwarded
// before: the backend never sees an end of that request, and no other.
func TestBadFramingInAStreamedBodyIsRefused(t *testing.T) {
	for _, tail := range []string{"0x5\r\n", "5\n", "5\r\nhello!\r\n", "1\r\nab", "0\r\nHost: b\r\n", "0\r\nbad\r\n", "g", "5;\x00\r\n", "\r\n",
		"0\r\nX: " + strings.Repeat("y", maxTrailer) + "\r\n", "5;" + strings.Repeat("x", maxChunkLine)} {
		t.Run(fmt.Sprintf("%.10q", tail), func(t *testing.T) {
			got := make(chan string, 1)
			started := make(chan struct{})
			back := peer.Listen(t, func(c *peer.Conn) {
				s, _ := c.TryUntil("3\r\nabc\r\n")
				close(started)
				rest, _ := c.Rest()
				got <- s + rest
			})
			h := newHarness(t, back.Addr())
			h.tries = 3
			c := h.client(t)
			c.Send(headChunked, "3\r\nabc\r\n")
			<-started
			for _, piece := range peer.Split(tail, 1) {
				if !c.TrySend(piece) {
					break
				}
			}
			c.TrySend("\r\n" + get("/smuggled"))
			want(t, listen(c, false), 400, "bad_request")
			c.End()
			if s := <-got; strings.Contains(s, "smuggled") || strings.HasSuffix(s, "0\r\n\r\n") {
				t.Errorf("the backend got %q", s)
			}
			if back.Conns() != 1 || len(h.idle) != 0 {
				t.Errorf("%d connections, %d kept", back.Conns(), len(h.idle))
			}
		})
	}
}

// A body that breaks off is no body.
func TestBodyThatEndsEarlyIsRefused(t *testing.T) {
	for _, request := range []string{
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc",
		headChunked + "5\r\nabc", headChunked, headChunked + "0\r\n", headChunked + "0\r\n\r",
	} {
		h := newHarness(t, peer.Listen(t, func(c *peer.Conn) { c.Gone() }).Addr())
		h.tries = 2
		c := h.client(t)
		c.Send(request)
		c.HalfClose()
		want(t, listen(c, false), 400, "bad_request")
		c.End()
		if len(h.idle) != 0 {
			t.Errorf("%q: a connection was kept", request)
		}
	}
}
