package upstream

import (
	"context"

	"sidecar"
)

// deadline is the layer that sets the exchange's times. They run from the
// request's last byte, by the exchange's alarm, so nothing waits here. Until
// that byte has come the stall alone bounds what follows, the wait for a
// connection too, so it is armed here and not where bytes are first moved.
func (s *stack) deadline(next sidecar.Service) sidecar.Service {
	usual, stall := s.settings.Timeout, int64(s.settings.StallTimeout)
	now := s.cluster.params.Now
	return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		timeout := usual
		if r := s.rules.byOp[x.Op]; r != nil && r.Timeout != nil {
			timeout = *r.Timeout
		}
		if timeout > 0 {
			x.SetTimeout(int64(timeout))
		}
		if x.Kind == sidecar.Unary { // a session may be silent
			x.SetStall(stall) // 0 too: the server had one of its own
			if x.Complete() == 0 {
				x.Moved(now())
			}
		}
		return next.Do(ctx, x)
	})
}
