package mux

import (
	"fmt"
	"sync/atomic"

	"sidecar"
)

// heart finds out whether the backend is still there, by pings.
type heart struct {
	last int64 // when the latest ping was sent; Tend's
	// asked is when the ping was sent that is not answered yet, 0 if all are.
	asked atomic.Int64
}

// beat notes that a ping was answered.
func (h *heart) beat(now int64, stats *ConnStats) {
	if at := h.asked.Swap(0); at != 0 {
		stats.pings.Observe(now - at)
	}
}

// Tend is the core's: it sends a ping a period after the last one, and ends the
// connection when one was not answered in time.
func (c *Conn) Tend(now int64) (next int64) {
	h, s := &c.heart, c.set
	if at := h.asked.Load(); at != 0 {
		if now < at+int64(s.PingTimeout) {
			return at + int64(s.PingTimeout)
		}
		c.dialer.params.Stats.silent.Inc()
		c.core.End(sidecar.Fault{
			Stage: sidecar.StageRead, Reason: sidecar.PeerClosed,
			Err: fmt.Errorf("no answer to a ping within %v", s.PingTimeout),
		})
		return 0
	}
	if due := h.last + int64(s.PingPeriod); h.last != 0 && now < due {
		return due
	}
	h.last = now
	h.asked.Store(now)
	c.tell(tping, controlTag)
	return now + int64(s.PingTimeout)
}
