package upstream

import (
	"context"

	"sidecar"
)

// deadline is the layer that sets the exchange's times. They run from the
// request's last byte, by the exchange's alarm, so nothing waits here.
func (s *stack) deadline(next sidecar.Service) sidecar.Service {
	usual, stall := s.settings.Timeout, int64(s.settings.StallTimeout)
	return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		timeout := usual
		if r := s.rules.byOp[x.Op]; r != nil && r.Timeout != nil {
			timeout = *r.Timeout
		}
		if timeout > 0 {
			x.SetTimeout(int64(timeout))
		}
		if stall > 0 && x.Kind == sidecar.Unary {
			x.SetStall(stall) // a session may be silent
		}
		return next.Do(ctx, x)
	})
}
