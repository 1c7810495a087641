package http1

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"sidecar"
	"sidecar/internal/peer"
	"sidecar/wire/http"
)

// TestWhatIsLeftOfTheClientsTimeIsHandedOn: digits stand for a number that may
// be less than what came.
func TestWhatIsLeftOfTheClientsTimeIsHandedOn(t *testing.T) {
	const last = "X-Request-Id: r\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\n"
	for _, row := range []struct{ name, in, out string }{
		{"grpc-timeout", "Grpc-Timeout: 99S\r\n", last + "Grpc-Timeout: [0-9]{8}u\r\n"},
		{"seconds", "X-Request-Timeout:  9 \r\nX: y\r\n", "X: y\r\n" + last + "X-Request-Timeout: (9\\.000|8\\.[0-9]{3})\r\n"},
		{"a unit", "x-request-timeout: 9s\r\n", last + "x-request-timeout: (9000|8[0-9]{3})ms\r\n"},
		{"Envoy's", "x-envoy-expected-rq-timeout-ms: 9000\r\n", last + "x-envoy-expected-rq-timeout-ms: (9000|8[0-9]{3})\r\n"},
		{
			"several: each says what is left of the shortest", "x-envoy-upstream-rq-timeout-ms: 90000\r\ngrpc-timeout: 9S\r\n",
			last + "x-envoy-upstream-rq-timeout-ms: (9000|8[0-9]{3})\r\ngrpc-timeout: (9000000|8[0-9]{6})u\r\n",
		},
		{"malformed: passes", "grpc-timeout: 9s\r\nX-Request-Timeout: soon\r\n", "grpc-timeout: 9s\r\nX-Request-Timeout: soon\r\n" + last},
		{"one of two malformed", "grpc-timeout: 9s\r\nX-Request-Timeout: 9\r\n", "grpc-timeout: 9s\r\n" + last + "X-Request-Timeout: (9\\.000|8\\.[0-9]{3})\r\n"},
		{"no limit: passes", "x-envoy-upstream-rq-timeout-ms: 0\r\n", "x-envoy-upstream-rq-timeout-ms: 0\r\n" + last},
		{"of this hop", "Connection: grpc-timeout\r\ngrpc-timeout: 9S\r\n", last},
	} {
		t.Run(row.name, func(t *testing.T) {
			head, h, _ := exchangeHeads(t, nil, "GET / HTTP/1.1\r\nHost: a\r\n"+row.in+"X-Request-Id: r\r\n\r\n", ok200)
			want := "^GET / HTTP/1.1\r\nHost: a\r\n" + row.out + "Via: 1.1 sidecar\r\n\r\n$"
			if !regexp.MustCompile(want).MatchString(head) {
				t.Errorf("got %q, want %q", head, want)
			}
			bad := strings.Count(row.in, "9s") + strings.Count(row.in, "soon")
			if row.name == "a unit" {
				bad = 0
			}
			if n := h.srv.stats.misasked.Value(); n != uint64(bad) {
				t.Errorf("%d counted as malformed, want %d", n, bad)
			}
		})
	}
}

// What no upstream obeys is none of a connection's business.
func TestTheClientsTimePassesAsItCameWhereItIsNotObeyed(t *testing.T) {
	var r request
	in := []byte("GET / HTTP/1.1\r\nHost: a\r\ngrpc-timeout: 9S\r\nX-Request-Id: r\r\n\r\n")
	r.reset()
	if done, bad := r.parse(in); !done || bad != nil {
		t.Fatal(bad)
	}
	for _, left := range []int64{5e9, 0, 4e9} { // one request may be tried under two settings
		out := string(appendRequest(nil, in, &r, &origin{left: left}))
		want := "grpc-timeout: 9S\r\n"
		if left > 0 {
			want = "grpc-timeout: " + strconv.FormatInt(left/1000, 10) + "u\r\n"
		}
		if strings.Count(out, "grpc-timeout") != 1 || !strings.Contains(out, want) {
			t.Errorf("with %d left: %q", left, out)
		}
	}
}

func TestEachTryHandsOnLess(t *testing.T) {
	values := make(chan string, 2)
	field := regexp.MustCompile(`grpc-timeout: (\d+)u`)
	back := backend(t, func(_ *peer.Conn, m heard) []string {
		values <- field.FindStringSubmatch(m.head)[1]
		if len(values) == 1 {
			return []string{"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"}
		}
		return []string{ok200}
	})
	h := newHarness(t, back.Addr())
	h.tries, h.hold = 2, sidecar.Classes(sidecar.Unavailable)
	c := h.client(t)
	c.Send("GET / HTTP/1.1\r\nHost: a\r\ngrpc-timeout: 99S\r\n\r\n")
	if m := listen(c, false); !strings.HasPrefix(m.head, "HTTP/1.1 200") {
		t.Fatalf("got %q", m.head)
	}
	first, _ := strconv.Atoi(<-values)
	second, _ := strconv.Atoi(<-values)
	if first > 99_000_000 || second >= first {
		t.Errorf("%d us, then %d us", first, second)
	}
}

func TestARequestWhoseTimeIsOverIsNotSent(t *testing.T) {
	h := newHarness(t, "127.0.0.1:1")
	faults := make(chan error, 1)
	h.seen = func(_ *sidecar.Exchange, err error) { faults <- err }
	back := backend(t, func(*peer.Conn, heard) []string { return []string{ok200} })
	h.backend = back.Addr()
	c := h.client(t)
	c.Send("GET / HTTP/1.1\r\nHost: a\r\ngrpc-timeout: 1u\r\n\r\n")
	m := listen(c, false)
	f := sidecar.FaultOf(<-faults)
	if f == nil || f.Reason != sidecar.DeadlineExceeded || !f.Has(sidecar.Unsent|sidecar.Timeout) {
		t.Errorf("got %v", f)
	}
	if !strings.HasPrefix(m.head, "HTTP/1.1 504 ") || !strings.Contains(m.head, "X-Sidecar-Reason: deadline\r\n") {
		t.Errorf("got %q", m.head)
	}
}

func TestFiltersHaveTheLastWordOnWhatIsHandedOn(t *testing.T) {
	const request = "GET / HTTP/1.1\r\nHost: a\r\ngrpc-timeout: 99S\r\nX-Request-Timeout: soon\r\nX-Request-Id: r\r\n\r\n"
	head, _ := filtered(t, request, ok200,
		http.Filter{RemoveRequest: []string{"grpc-timeout"}}, http.Filter{SetRequest: []http.Field{{Name: "x-request-timeout", Value: "1"}}})
	if strings.Contains(head, "grpc-timeout") || strings.Contains(head, "soon") || strings.Count(head, "x-request-timeout: 1\r\n") != 1 {
		t.Errorf("got %q", head)
	}
	if head, _ = filtered(t, request, ok200, http.Filter{SetRequest: []http.Field{{Name: "X-B", Value: "1"}}}); strings.Count(head, "grpc-timeout") != 1 {
		t.Errorf("another filter: got %q", head)
	}
}
