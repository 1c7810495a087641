package listener

import (
	"context"
	"sync/atomic"

	"sidecar"
	"sidecar/varz"
)

// Count is the listener's outermost layer: what came in and what the sidecar
// itself answered with, whatever upstream it went to.
func Count(r *varz.Registry, name string) sidecar.Layer {
	s := varz.Source{Listener: name}
	requests, inFlight := r.Counter(varz.ListenerRequests, s), r.Gauge(varz.ListenerInFlight, s)
	failures := make([]*varz.Counter, 0, 32)
	for reason := range sidecar.ReasonCount {
		s.Reason = reason.String()
		failures = append(failures, r.Counter(varz.ListenerFailures, s))
	}
	return func(next sidecar.Service) sidecar.Service {
		return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
			requests.Add(uint64(x.N))
			inFlight.Add(int64(x.N))
			defer inFlight.Add(-int64(x.N))
			err := next.Do(ctx, x)
			if err != nil {
				failures[sidecar.FaultOf(err).Reason].Add(uint64(x.N))
			}
			return err
		})
	}
}

// Admission bounds the requests under way through one listener. What is over
// it fails at once: a queue here would only hide the overload.
type Admission struct {
	max      atomic.Int64
	underWay atomic.Int64
}

// SetMax changes the bound, 0 for none.
func (a *Admission) SetMax(n int) { a.max.Store(int64(n)) }

// Layer is the admission as a layer, inside Count and outside the route.
func (a *Admission) Layer(next sidecar.Service) sidecar.Service {
	return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		n := int64(x.N)
		underWay := a.underWay.Add(n)
		defer a.underWay.Add(-n)
		if most := a.max.Load(); most > 0 && underWay > most {
			return &sidecar.Fault{Stage: sidecar.StageRoute, Flags: sidecar.Unsent | sidecar.Rejected, Reason: sidecar.TooManyRequests}
		}
		return next.Do(ctx, x)
	})
}
