package http1

import (
	"strings"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/peer"
)

// The system tells a reset once. Where a write meets it first, the read beside
// it sees what looks like an orderly end, which an endless reply must not take
// for its own.
func TestResetMetByAnUploadIsNotTheEndOfAnEndlessReply(t *testing.T) {
	for range 30 {
		cut := make(chan struct{})
		h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
			c.Until("\r\n\r\n")
			c.Send("HTTP/1.1 200 OK\r\n\r\npart")
			c.Wait(cut)
			c.Cut()
		}).Addr())
		h.stall = time.Minute
		faults := make(chan error, 1)
		h.seen = func(_ *sidecar.Exchange, err error) { faults <- err }
		c := h.client(t)
		c.Send(headChunked)
		c.Until("part")
		go func() {
			for c.TrySend("1000\r\n" + strings.Repeat("x", 4096) + "\r\n") {
			}
		}()
		close(cut)
		// The client has the same two at once, so what it sees says nothing.
		if f := sidecar.FaultOf(<-faults); f == nil || f.Reason != sidecar.PeerReset {
			t.Errorf("got %v", f)
		}
	}
}
