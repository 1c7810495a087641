package pool

import "sync/atomic"

// cooling is whether an endpoint is out of use for now, and since when.
type cooling struct {
	cold  atomic.Bool
	since atomic.Int64
}

// SetCold says whether the endpoint is out of use for now, such as outside the
// aperture: a cold pool dials none ahead of need and keeps no idle connection,
// from the idle timeout after it went cold on. An aperture that moves and moves
// back costs no connection that way.
func (c *cooling) SetCold(cold bool, now int64) {
	if cold && !c.cold.Load() {
		c.since.Store(now)
	}
	c.cold.Store(cold)
}

// cooled tells whether nothing is kept any more.
func (c *cooling) cooled(now int64, s *Settings) bool {
	return c.cold.Load() && now-c.since.Load() > int64(s.IdleTimeout)
}
