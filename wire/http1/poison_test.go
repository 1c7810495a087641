package http1

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"sidecar/internal/peer"
)

// counting answers with the number of the request and those of its forwarding
// fields, as a backend does that makes links of them.
func counting(fields string) func(*peer.Conn, heard) []string {
	var n atomic.Int32
	return func(_ *peer.Conn, m heard) []string {
		body := fmt.Sprintf("%d %s %s %s", n.Add(1), m.field("Host"), m.field("X-Forwarded-Host"), m.field("X-Forwarded-For"))
		return []string{fmt.Sprintf("HTTP/1.1 200 OK\r\n"+hour+"%sContent-Length: %d\r\n\r\n%s", fields, len(body), body)}
	}
}

// What one client puts into its request beside host and target is not stored for
// all others, as far as backends are known to go by it.
func TestOneClientsWordsAreNotStoredForOthers(t *testing.T) {
	plain := "GET / HTTP/1.1\r\nHost: a\r\n"
	for _, row := range []struct {
		name, fields string // of the reply
		distrust     bool
		requests     []string
		want         []string // the numbers of the replies
	}{
		{"forwarded host", "", false, []string{plain + "X-Forwarded-Host: evil\r\n", plain, plain + "X-Forwarded-Host: evil\r\n", plain}, []string{"1", "2", "1", "2"}},
		{"forwarded host that is not passed on", "", true, []string{plain + "X-Forwarded-Host: evil\r\n", plain, plain + "X-Forwarded-Proto: https\r\n"}, []string{"1", "1", "1"}},
		{"forwarded host by the reply's own word", "Vary: X-Forwarded-Host\r\n", true, []string{plain + "X-Forwarded-Host: evil\r\n", plain}, []string{"1", "1"}},
		{"the client's address", "Vary: X-Forwarded-For\r\n", true, []string{plain, plain}, []string{"1", "2"}},
		{"authority over Host", "", false, []string{"GET http://evil/ HTTP/1.1\r\nHost: a\r\n", plain, "GET http://a/ HTTP/1.1\r\nHost: evil\r\n", "GET http://a HTTP/1.1\r\nHost: b\r\n"}, []string{"1", "2", "2", "2"}},
		{"a field of this hop", "Vary: X-Lang\r\n", false, []string{plain + "X-Lang: de\r\nConnection: X-Lang\r\n", plain + "X-Lang: de\r\n", plain}, []string{"1", "2", "1"}},
		{"hidden authorization", "", false, []string{plain + "Authorization: x\r\n", plain + "Authorization: x\r\nConnection: authorization\r\n", plain}, []string{"1", "2", "2"}},
		{"another target", "", false, []string{plain + "X-Rewrite-Url: /evil\r\n", plain}, []string{"1", "2"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := newHarness(t, backend(t, counting(row.fields)).Addr())
			set := settings()
			set.TrustForwarded = !row.distrust
			h.srv.Set(set)
			h.cached()
			cl := h.client(t)
			for i, r := range row.requests {
				cl.Send(r + "\r\n")
				m := listen(cl, false)
				if got, _, _ := strings.Cut(m.body, " "); got != row.want[i] {
					t.Errorf("request %d got %q (%q), want %s", i+1, m.body, m.head, row.want[i])
				}
			}
		})
	}
}

// A client's own condition is met, although the cache asked with another one.
func TestClientsConditionIsMetBehindARevalidation(t *testing.T) {
	var n atomic.Int32
	h := newHarness(t, backend(t, func(*peer.Conn, heard) []string {
		if n.Add(1) == 1 {
			return []string{"HTTP/1.1 200 OK\r\n" + hour + "ETag: \"v1\"\r\nContent-Length: 5\r\n\r\nhello"}
		}
		return []string{"HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n"}
	}).Addr())
	h.cached()
	cl := h.client(t)
	cl.Send(get("/"))
	listen(cl, false)
	cl.Send("GET / HTTP/1.1\r\nHost: a\r\nCache-Control: no-cache\r\nIf-None-Match: \"v0\", W/\"v1\"\r\n\r\n")
	if m := listen(cl, false); m.status != 304 || m.field("ETag") != `"v1"` {
		t.Errorf("got %q with %q", m.head, m.body)
	}
	cl.Send(get("/")) // and the connection goes on
	if m := listen(cl, false); m.body != "hello" || n.Load() != 2 {
		t.Errorf("got %q with %q, %d requests", m.head, m.body, n.Load())
	}
}
