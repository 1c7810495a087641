package kafka

import (
	"time"

	"sidecar"
)

// A session has one alarm, which comes up now and then, and whoever is late is
// found by what stands in the session: so nothing is armed for each message. It
// comes up no earlier than a limit after the owner or the helper has begun to wait
// in the middle of something, and a time is over 0 to 1 such periods late.

// lookEvery is the period of the looks, in nanoseconds.
func (r *relay) lookEvery(now int64) int64 {
	d := min(int64(r.set.StallTimeout), int64(r.set.IdleTimeout))
	if r.conn.Expires != 0 {
		d = min(d, max((r.conn.Expires-now)/20, minLook))
	}
	if r.login.Waits() {
		d = min(d, max(r.due-now, minLook))
	}
	return d
}

// minLook is the shortest period.
const minLook = int64(100 * time.Millisecond)

// overdue tells whether the session has to end, and why.
func (r *relay) overdue(now int64) (over bool, f *sidecar.Fault) {
	stall := int64(r.set.StallTimeout)
	if s := r.down.since.Load(); s != 0 && now-s >= stall {
		f := sidecar.Stalled.Fault(sidecar.StageRead)
		if r.down.writes.Load() {
			f.Flags |= sidecar.FromClient
		}
		return true, f
	}
	if r.since != 0 && now-r.since >= stall {
		f := sidecar.Stalled.Fault(sidecar.StageWrite)
		if !r.sends {
			f.Stage = sidecar.StageRead
			f.Flags |= sidecar.FromClient
		}
		return true, f
	}
	if now >= r.due && r.login.Waits() {
		return true, slowLogin()
	}
	if r.flight.len() > 0 || r.since != 0 {
		if r.conn.Expires != 0 && now >= r.conn.Expires {
			return true, &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.Timeout, Reason: sidecar.PeerClosed, Err: errExpired}
		}
		if !r.parted {
			return false, nil
		}
	}
	last := max(r.heard, r.down.said.Load())
	if over = now-last >= int64(r.set.IdleTimeout); over && r.parted {
		f = clientEnded(errParted)
	}
	return over, f
}
