package http1

import (
	"strings"
	"testing"

	"sidecar/internal/peer"
)

// exchangeHeads sends request and gives the head that the backend got and the
// reply that came.
func exchangeHeads(t *testing.T, change func(*Settings), request, reply string) (head string, h *harness, m heard) {
	t.Helper()
	heads := make(chan string, 1)
	back := backend(t, func(_ *peer.Conn, m heard) []string {
		heads <- m.head
		return []string{reply}
	})
	h = newHarness(t, back.Addr())
	if change != nil {
		h.set(change)
	}
	c := h.client(t)
	c.Send(request)
	m = listen(c, strings.HasPrefix(request, "HEAD"))
	select {
	case head = <-heads:
	default:
		t.Fatalf("nothing reached the backend: %s%s", m.head, m.body)
	}
	return head, h, m
}

const stamp = "X-Request-Id: r\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\nVia: 1.1 sidecar\r\n\r\n"

// Names and bytes of all fields but those of the hop pass unchanged, in order.
func TestRequestHeadsPassAsTheyCame(t *testing.T) {
	for _, row := range []struct{ name, in, out string }{
		{
			"case, order, spaces and odd bytes",
			"GET /a//b/../c?q=%00&x=\xff HTTP/1.1\r\nhOsT:  a \r\nZ:\r\nA:\t1 \r\na: 2\r\n!#$%&'*+-.^_`|~: \"\\\xfe\"\r\nX-Request-Id: r\r\n\r\n",
			"GET /a//b/../c?q=%00&x=\xff HTTP/1.1\r\nhOsT:  a \r\nZ:\r\nA:\t1 \r\na: 2\r\n!#$%&'*+-.^_`|~: \"\\\xfe\"\r\nX-Request-Id: r\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\nVia: 1.1 sidecar\r\n\r\n",
		},
		{
			// RFC 9110, 7.6.1: "Intermediaries MUST parse a received Connection
			// header field before a message is forwarded and, for each
			// connection-option in this field, remove any header or trailer
			// field(s) from the message with the same name".
			"fields of the hop",
			"GET / HTTP/1.1\r\nHost: a\r\nConnection: x-one, Keep-Alive\r\nX-One: 1\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nTE: gzip\r\nUpgrade: x\r\nconnection: X-Two\r\nx-two: 2\r\nX-Three: 3\r\nX-Request-Id: r\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: a\r\nX-Three: 3\r\n" + stamp,
		},
		{
			"TE trailers is said anew",
			"GET / HTTP/1.1\r\nHost: a\r\nTE: trailers, gzip\r\nConnection: TE\r\nX-Request-Id: r\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: r\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\nTE: trailers\r\nConnection: TE\r\nVia: 1.1 sidecar\r\n\r\n",
		},
		{
			// RFC 9112, 3.2.2: "When a proxy receives a request with an
			// absolute-form of request-target, the proxy MUST ignore the
			// received Host header field (if any) and instead replace it".
			"absolute form",
			"GET HTTP://b:81/x?y HTTP/1.1\r\nHost: a\r\nX-Request-Id: r\r\n\r\n",
			"GET /x?y HTTP/1.1\r\nX-Request-Id: r\r\nHost: b:81\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: b:81\r\nVia: 1.1 sidecar\r\n\r\n",
		},
		{
			"absolute form without a path",
			"GET http://b?y HTTP/1.1\r\nHost: a\r\nX-Request-Id: r\r\n\r\n",
			"GET /?y HTTP/1.1\r\nX-Request-Id: r\r\nHost: b\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: b\r\nVia: 1.1 sidecar\r\n\r\n",
		},
		{
			// RFC 9112, 3.2.4: "If a proxy receives an OPTIONS request with an
			// absolute-form of request-target in which the URI has an empty
			// path and no query component, then the last proxy on the request
			// chain MUST send a request-target of "*"".
			"OPTIONS of a whole server",
			"OPTIONS http://b HTTP/1.1\r\nHost: b\r\nX-Request-Id: r\r\n\r\n",
			"OPTIONS * HTTP/1.1\r\nX-Request-Id: r\r\nHost: b\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: b\r\nVia: 1.1 sidecar\r\n\r\n",
		},
		{
			"asterisk form", "OPTIONS * HTTP/1.1\r\nHost: a\r\nX-Request-Id: r\r\n\r\n",
			"OPTIONS * HTTP/1.1\r\nHost: a\r\n" + stamp,
		},
		{
			"forwarded fields are kept and appended to",
			"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\nx-forwarded-for: 2.2.2.2\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: c\r\nVia: 1.0 x\r\nX-Request-Id: r\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: c\r\nVia: 1.0 x\r\nX-Request-Id: r\r\nx-forwarded-for: 2.2.2.2, 127.0.0.1\r\nVia: 1.1 sidecar\r\n\r\n",
		},
		{
			"Connection cannot take a forwarded field or the id away",
			"GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Request-Id, X-Forwarded-For, X-Forwarded-Proto\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\nX-Request-Id: r\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1, 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\nX-Request-Id: NEW\r\nVia: 1.1 sidecar\r\n\r\n",
		},
		{
			// RFC 9110, 7.8: h2c's settings are a field of the hop.
			"an upgrade to h2c is not passed on",
			"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\nX-Request-Id: r\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: a\r\n" + stamp,
		},
		{
			"HTTP/1.0 is raised to 1.1", "GET / HTTP/1.0\r\nHost: a\r\nX-Request-Id: r\r\nUpgrade: x\r\nConnection: upgrade\r\nExpect: 100-continue\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: r\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\nVia: 1.0 sidecar\r\n\r\n",
		},
		{
			"empty lines before a request line", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: r\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: a\r\n" + stamp,
		},
		{
			"a bad id is replaced", "GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: a b\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\nX-Request-Id: NEW\r\nVia: 1.1 sidecar\r\n\r\n",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			head, _, m := exchangeHeads(t, nil, row.in, ok200)
			if id := strings.Index(row.out, "NEW"); id >= 0 && len(head) > id+32 {
				head = head[:id] + "NEW" + head[id+32:]
			}
			if head != row.out || m.status != 200 {
				t.Errorf("backend got\n%q, want\n%q\nreply %s", head, row.out, m.head)
			}
		})
	}
}

func TestUntrustedForwardedFieldsAreReplaced(t *testing.T) {
	head, _, _ := exchangeHeads(t, func(s *Settings) { s.TrustForwarded = false },
		"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\nX-FORWARDED-PROTO: https\r\nx-forwarded-host: c\r\nX-Request-Id: r\r\nX-Forwarded-For: 3\r\n\r\n", ok200)
	if want := "GET / HTTP/1.1\r\nHost: a\r\n" + stamp; head != want {
		t.Errorf("got %q, want %q", head, want)
	}
}

// A request of HTTP/1.0 needs no Host; the backend, asked in 1.1, does.
func TestHTTP10RequestWithoutHostGetsTheBackendsAddress(t *testing.T) {
	head, h, _ := exchangeHeads(t, nil, "GET / HTTP/1.0\r\nX-Request-Id: r\r\n\r\n", ok200)
	want := "GET / HTTP/1.1\r\nX-Request-Id: r\r\nHost: " + h.backend + "\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nVia: 1.0 sidecar\r\n\r\n"
	if head != want {
		t.Errorf("got %q, want %q", head, want)
	}
}

func TestReplyHeadsPassAsTheyCame(t *testing.T) {
	for _, row := range []struct{ name, request, in, out string }{
		{"case, order and odd bytes", get("/"),
			"HTTP/1.1 299 Odd \xff phrase\r\nb: 1\r\nA:2 \r\nb:\r\nSet-Cookie: x\r\nset-cookie: y\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 299 Odd \xff phrase\r\nb: 1\r\nA:2 \r\nb:\r\nSet-Cookie: x\r\nset-cookie: y\r\nContent-Length: 0\r\nVia: 1.1 sidecar\r\n\r\n"},
		{"fields of the hop", get("/"),
			"HTTP/1.1 200 OK\r\nConnection: close, x\r\nX: 1\r\nKeep-Alive: 1\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nVia: 1.1 sidecar\r\n\r\n"},
		{"no phrase", get("/"), "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200\r\nContent-Length: 0\r\nVia: 1.1 sidecar\r\n\r\n"},
		{"HTTP/1.0 is raised to 1.1", get("/"), "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nVia: 1.0 sidecar\r\n\r\n"},
		{"426 keeps the protocols it asks for", get("/"),
			"HTTP/1.1 426 Upgrade Required\r\nUpgrade: x\r\nConnection: upgrade\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 426 Upgrade Required\r\nUpgrade: x\r\nContent-Length: 0\r\nConnection: Upgrade\r\nVia: 1.1 sidecar\r\n\r\n"},
		{"HEAD keeps the length that GET would have", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\nVia: 1.1 sidecar\r\n\r\n"},
		{"HEAD keeps the chunked coding", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nVia: 1.1 sidecar\r\n\r\n"},
		{"304 has no body whatever it says", get("/"),
			"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nVia: 1.1 sidecar\r\n\r\n"},
		{"204 without a length", get("/"),
			"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 204 No Content\r\nVia: 1.1 sidecar\r\n\r\n"},
		{"a client of HTTP/1.0 that keeps", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\nVia: 1.1 sidecar\r\n\r\n"},
		{"a client of HTTP/1.0 that does not", "GET / HTTP/1.0\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\nVia: 1.1 sidecar\r\n\r\n"},
		{"a client that closes", "GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\nVia: 1.1 sidecar\r\n\r\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			back := backend(t, always(row.in))
			h := newHarness(t, back.Addr())
			c := h.client(t)
			c.Send(row.request)
			if got := undated(c.Until("\r\n\r\n")); got != row.out {
				t.Fatalf("client got\n%q, want\n%q", got, row.out)
			}
			if strings.Contains(row.out, "Connection: close") {
				c.End()
				return
			}
			// The connection is still in step, whatever the framing was.
			c.Send(row.request)
			if got := undated(c.Until("\r\n\r\n")); got != row.out {
				t.Errorf("the second time the client got\n%q", got)
			}
		})
	}
}

func TestHeadsOfAnyAllowedSizePass(t *testing.T) {
	for _, n := range []int{3000, 4000, 4096, 5000, 8192, 30_000, 32_768, 40_000, 60_000} {
		value := text(n)
		head, h, m := exchangeHeads(t, nil,
			"GET / HTTP/1.1\r\nHost: a\r\nX-Big: "+value+"\r\n\r\n",
			"HTTP/1.1 200 OK\r\nX-Back: "+value+"\r\nContent-Length: 0\r\n\r\n")
		if !strings.Contains(head, "X-Big: "+value+"\r\n") || m.field("X-Back") != value {
			t.Errorf("%d bytes did not pass", n)
		}
		if f := h.fault(0); f != nil {
			t.Errorf("%d: %v", n, f)
		}
	}
}
