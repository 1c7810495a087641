package upstream

import (
	"context"
	"time"

	"sidecar"
	"sidecar/upstream/limit"
	"sidecar/varz"
)

// deadline is the layer that sets the exchange's times. They run from the
// request's last byte, by the exchange's alarm, so nothing waits here. Until
// that byte has come the stall alone bounds what follows, the wait for a
// connection too, so it is armed here and not where bytes are first moved.
func (s *stack) deadline(next sidecar.Service) sidecar.Service {
	stall := int64(s.settings.StallTimeout)
	now := s.cluster.params.Now
	return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		timeout := int64(s.rules.timeout(x.Op, s.settings.Timeout))
		asked := x.Asked
		if asked > 0 {
			var f *sidecar.Fault
			if timeout, f = s.obey(x, timeout); f != nil {
				return f
			}
		}
		if timeout = within(x, timeout); timeout > 0 {
			x.SetTimeout(timeout)
		}
		if x.Kind == sidecar.Unary { // a session may be silent
			x.SetStall(stall) // 0 too: the server had one of its own
			if x.Complete() == 0 {
				x.Moved(now())
			}
		}
		err := next.Do(ctx, x)
		x.Asked = asked
		return err
	})
}

// within is timeout, or less where the cluster is another's fallback: what that
// one had left binds. Hot.
func within(x *sidecar.Exchange, timeout int64) int64 {
	if d := x.Deadline(); d != 0 && (timeout <= 0 || d < x.Complete()+timeout) {
		return d - x.Complete()
	}
	return timeout
}

// obey is timeout, or what x's client leaves of it; a fault if that is nothing.
// It runs from the client's first byte, as a client counts from when it asks,
// and the exchange's timeout from the last: so the difference is taken off, and
// where the request is still coming what is left now runs from its end. Where
// the mode is not On, what is inside does not see what the client asked for, and
// hands it on as it came. Hot.
func (s *stack) obey(x *sidecar.Exchange, timeout int64) (int64, *sidecar.Fault) {
	c, n := &s.cluster.counters.asks, uint64(x.N)
	from, end := x.Complete(), x.Received+x.Asked
	if from == 0 {
		from = x.Now()
	}
	expired, left := end-x.Now() < minLeft, end-from
	shorter := timeout <= 0 || left < timeout
	if s.settings.ClientDeadline != limit.On {
		x.Asked = 0
		if s.settings.ClientDeadline == limit.Dark {
			c.dark.count(expired, shorter, n)
		}
		return timeout, nil
	}
	c.on.count(expired, shorter, n)
	switch {
	case expired:
		f := sidecar.DeadlineCause.Fault(sidecar.StagePick)
		f.Flags |= sidecar.Unsent
		return 0, f
	case shorter:
		return left, nil
	}
	return timeout, nil
}

// minLeft is what must be left of a client's time, in nanoseconds, for its
// request to be sent: no reply comes sooner, and a client that asks for nothing
// at all gets nothing.
const minLeft = int64(10 * time.Microsecond)

// asks count what clients' times did, or would have done.
type asks struct{ on, dark asked }

type asked struct{ expired, shortened *varz.Counter }

func newAsks(r *varz.Registry, name string) asks {
	s := varz.Source{Service: name}
	return asks{
		on:   asked{r.Counter(varz.DeadlinesExpired, s), r.Counter(varz.DeadlinesShortened, s)},
		dark: asked{r.Counter(varz.DarkExpired, s), r.Counter(varz.DarkShortened, s)},
	}
}

func (a *asked) count(expired, shorter bool, n uint64) {
	switch {
	case expired:
		a.expired.Add(n)
	case shorter:
		a.shortened.Add(n)
	}
}

// timeout is the time of an exchange of that operation, usual unless it has its
// own. Hot.
func (r *rules) timeout(op sidecar.Op, usual time.Duration) time.Duration {
	if len(r.byOp) > 0 {
		if one := r.byOp[op]; one != nil && one.Timeout != nil {
			return *one.Timeout
		}
	}
	return usual
}
