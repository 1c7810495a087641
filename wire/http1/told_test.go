package http1

import (
	"errors"
	"strings"
	"testing"

	"sidecar"
)

func TestErrorRepliesNameEachTry(t *testing.T) {
	reset := sidecar.Try{Endpoint: "10.0.0.1:80", Reason: sidecar.PeerReset}
	status := sidecar.Try{Endpoint: "10.0.0.2:80", Reason: sidecar.Status5xx, Code: 503, After: 1_500_000_000}
	for _, row := range []struct {
		name    string
		fault   sidecar.Fault
		tries   []sidecar.Try
		expose  bool
		want    string
		seconds int64
	}{
		{"none was made", sidecar.Fault{Reason: sidecar.NoEndpoints}, nil, false, "sidecar: no_endpoints\n", 0},
		{"one, which says the same", sidecar.Fault{Reason: sidecar.PeerReset}, []sidecar.Try{reset}, false, "sidecar: peer_reset\n", 0},
		{
			"one, which says something else", sidecar.Fault{Reason: sidecar.RetryBudget, Flags: sidecar.FromPeer}, []sidecar.Try{status}, false,
			"sidecar: retry_budget\ntries: status_5xx 503\n", 2,
		},
		{
			"several", sidecar.Fault{Reason: sidecar.PeerReset, Err: errors.New("read 10.0.0.1:80")}, []sidecar.Try{status, reset}, false,
			"sidecar: peer_reset\ntries: status_5xx 503, peer_reset\n", 0,
		},
		{
			"with addresses", sidecar.Fault{Reason: sidecar.PeerReset, Err: errors.New("read 10.0.0.1:80")}, []sidecar.Try{status, reset}, true,
			"sidecar: peer_reset: read 10.0.0.1:80\ntries: status_5xx 503 at 10.0.0.2:80, peer_reset at 10.0.0.1:80\n", 0,
		},
		{
			"more than are remembered", sidecar.Fault{Reason: sidecar.PeerReset},
			[]sidecar.Try{status, reset, reset, reset, reset, reset, reset, reset, reset, status}, false,
			"sidecar: peer_reset\ntries: status_5xx 503, peer_reset, peer_reset, peer_reset, 2 more, peer_reset, peer_reset, peer_reset, status_5xx 503\n", 0,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := &active{srv: new(Server)}
			a.srv.set.Store(&Settings{ExposeBackends: row.expose})
			for i, try := range row.tries {
				rec := a.x.Try(try.Endpoint, uint64(i), 1)
				rec.Reason, rec.Code, rec.After = try.Reason, try.Code, try.After
			}
			if got := a.faultText(&row.fault, len(row.tries)); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
			if n := a.askedFor(&row.fault, len(row.tries)); n != row.seconds {
				t.Errorf("Retry-After of %d s, want %d", n, row.seconds)
			}
		})
	}
}

func TestAnErrorReplyHandsOnWhatThePeerAskedFor(t *testing.T) {
	for after, want := range map[int64]bool{0: false, 2: true} {
		page := string(appendErrorReply(nil, 503, "status_5xx", "x", 1, toClient{after: after, date: []byte("d")}, false))
		if strings.Contains(page, "\r\nRetry-After: 2\r\n") != want {
			t.Errorf("after %d: %q", after, page)
		}
	}
}

// What is told of the requests before must not be told of a head that is none.
func TestARefusedHeadIsToldWithoutTries(t *testing.T) {
	h := newHarness(t, "127.0.0.1:1")
	c := h.client(t)
	c.Send(get("/") + "GET\r\n\r\n")
	got, _ := c.Rest()
	if !strings.Contains(got, "connect_refused") || strings.Count(got, "tries:") > 1 || !strings.HasSuffix(got, "HTTP/1.1\n") {
		t.Errorf("got %q", got)
	}
}
