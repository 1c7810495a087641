package limit

import (
	"context"

	"sidecar"
)

// Layer is the circuit as a layer, outside of retries. Hot.
func (c *Circuit) Layer(next sidecar.Service) sidecar.Service {
	return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		s := c.settings.Load()
		force := c.force(s)
		switch {
		case force == ForceOpen:
			c.params.Metrics.Refused.Add(uint64(x.N))
			return refusal(0, "the circuit is forced open")
		case s.Mode == Off:
			return next.Do(ctx, x)
		}
		now := x.Now()
		p := c.admit(x, now)
		if p.refused && force == Auto {
			if s.Mode == On {
				c.params.Metrics.Refused.Add(uint64(x.N))
				return refusal(max(1, c.until.Load()-now), "the circuit is open")
			}
			c.params.Metrics.Dark.Add(uint64(x.N))
		}
		return c.run(ctx, x, p, next)
	})
}

// run performs x and takes its outcome.
func (c *Circuit) run(ctx context.Context, x *sidecar.Exchange, p pass, next sidecar.Service) error {
	if x.Kind == sidecar.Session {
		x.Watch(c)
		defer x.Unwatch()
	}
	over := false
	defer func() {
		if !over && p.probe { // a panic: the turn must not be lost
			c.endProbe(p, silent, c.params.Now())
		}
	}()
	err := next.Do(ctx, x)
	over = true
	now, v := x.Now(), judge(x, err)
	if x.Kind == sidecar.Session && v == good && now-x.Replied() > int64(c.settings.Load().Window) {
		v = silent // established too long ago to tell of now
	}
	c.ended(p, v, x.N, now)
	return err
}

// Observe counts a request inside a session.
func (c *Circuit) Observe(_ sidecar.Op, o sidecar.Outcome) {
	v := ofClass(o.Class)
	if o.Reason != sidecar.NoReason && v != bad {
		v = ofReason(o.Reason)
	}
	if s, w := c.load(); s == StateClosed {
		c.ended(pass{entry: w}, v, 1, c.params.Now())
	}
}

// Refused is the cause of a refusal: what is left until the next try is worth
// while. Protocols that can say so tell their client.
type Refused struct {
	left int64
	text string
}

func (r *Refused) Error() string { return r.text }

// RetryAfter is how long to stay away, in nanoseconds; 0 is unknown.
func (r *Refused) RetryAfter() int64 { return r.left }

func refusal(left int64, text string) error {
	return &sidecar.Fault{
		Stage: sidecar.StageRoute, Flags: sidecar.Unsent | sidecar.Rejected, Reason: sidecar.BreakerOpen,
		Err: &Refused{left, text},
	}
}

// Snapshot is a circuit at one moment, for people.
type Snapshot struct {
	Mode   Mode
	State  State
	Forced Force
	// ByHand: Forced was set by hand, and is gone with the process.
	ByHand bool
	Since  int64 // of the state
	Until  int64 // end of the sleep, 0 if it is not open
	Opened int   // how often, since the upstream is known
	// Requests of the window, and those of them that failed.
	Requests, Failed uint64
}

// Level is the state as a number for dashboards: 0 closed, 1 half open, 2 open,
// 3 forced closed, 4 forced open; 0 too where the circuit is off.
func (s Snapshot) Level() int {
	switch {
	case s.Forced == ForceOpen:
		return 4
	case s.Mode == Off:
		return 0
	case s.Forced == ForceClosed:
		return 3
	case s.State == StateHalfOpen:
		return 1
	case s.State == StateOpen:
		return 2
	}
	return 0
}

// Snapshot is the present state.
func (c *Circuit) Snapshot() Snapshot {
	s, now := c.settings.Load(), c.params.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	state, _ := c.load()
	out := Snapshot{
		Mode: s.Mode, State: state, Forced: c.force(s), ByHand: c.forced.Load() != nil,
		Since: c.since, Opened: c.opened,
	}
	if state != StateClosed {
		out.Until = c.until.Load()
	}
	out.Requests, out.Failed = c.recent.sum(now, int64(s.Window)/slots)
	return out
}
