package upstream

import (
	"context"
	"sync/atomic"

	"sidecar"
	"sidecar/upstream/retry"
	"sidecar/varz"
)

// counters are what is counted of the cluster as its callers see it.
type counters struct {
	registry  *varz.Registry
	name      string
	inFlight  *varz.Gauge
	timeouts  *varz.Counter
	noMembers *varz.Counter
	// keyless and overflowed are of policies that go by a key.
	keyless, overflowed *varz.Counter
	// spilled and panicked are of levels of endpoints.
	spilled, panicked *varz.Counter
	updates           *varz.Counter
	retries           retry.Metrics
	asks              asks
	reasons           []atomic.Pointer[varz.Counter] // by reason, made when first needed
}

func newCounters(r *varz.Registry, name string) *counters {
	s := varz.Source{Service: name}
	return &counters{
		registry: r, name: name,
		inFlight: r.Gauge(varz.InFlight, s), timeouts: r.Counter(varz.Timeouts, s),
		spilled: r.Counter(varz.Spilled, s), panicked: r.Counter(varz.Panicked, s),
		keyless: r.Counter(varz.HashKeyless, s), overflowed: r.Counter(varz.HashOverflowed, s),
		noMembers: r.Counter(varz.HeapNoMembers, s), updates: r.Counter(varz.DiscoveryUpdates, s),
		retries: retryMetrics(r, name), asks: newAsks(r, name),
		reasons: make([]atomic.Pointer[varz.Counter], sidecar.ReasonCount),
	}
}

func (c *counters) operation(name string) *operation {
	s, r := varz.Source{Service: c.name, Operation: name}, c.registry
	return &operation{
		name:     name,
		requests: r.Counter(varz.DispatchMessages, s), succeeded: r.Counter(varz.SuccessMessages, s),
		failed: r.Counter(varz.ExceptionMessages, s), latency: r.Histogram(varz.RequestLatency, s),
		reply: r.Histogram(varz.ReplyLatency, s),
	}
}

func (c *counters) reason(r sidecar.Reason) *varz.Counter {
	return counterOf(c.reasons, r, func(reason string) *varz.Counter {
		return c.registry.Counter(varz.Failures, varz.Source{Service: c.name, Reason: reason})
	})
}

// counterOf is the counter of r in list; build is asked for it at first.
func counterOf(list []atomic.Pointer[varz.Counter], r sidecar.Reason, build func(reason string) *varz.Counter) *varz.Counter {
	p := &list[min(int(r), len(list)-1)]
	if found := p.Load(); found != nil {
		return found
	}
	made := build(r.String()) // the registry makes one only, whoever asks
	p.Store(made)
	return made
}

// failure is the reason for which an exchange counts as failed, NoReason if it
// does not.
func failure(x *sidecar.Exchange, err error) sidecar.Reason {
	if err != nil {
		return sidecar.FaultOf(err).Reason
	}
	if x.Kind == sidecar.Unary && refused(x.Msg.Class()) {
		return sidecar.Status5xx
	}
	return sidecar.NoReason
}

// refused tells whether a reply of class c is a failure to its caller. One that
// sheds load is, though the endpoint is not to blame.
func refused(c sidecar.Class) bool { return c.Failed() || c == sidecar.Shed }

// stats is the layer that counts what callers saw and names the operation.
func (s *stack) stats(next sidecar.Service) sidecar.Service {
	c := s.cluster
	return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		x.Op = s.classify(x)
		n := int64(x.N)
		c.counters.inFlight.Add(n)
		defer c.counters.inFlight.Add(-n)
		if x.Kind == sidecar.Session {
			x.Watch(c)
			defer x.Unwatch()
		}
		err := next.Do(ctx, x)
		c.count(x, err)
		if c.params.Finished != nil {
			c.params.Finished(x, err)
		}
		return err
	})
}

// classify finds the operation and applies what is configured for it, but for
// its timeout: by the request's text, else by the name it is counted under.
func (s *stack) classify(x *sidecar.Exchange) sidecar.Op {
	var r *rule
	if len(s.rules.byName) > 0 {
		text, _ := x.Msg.Attr(sidecar.Selector{Attr: sidecar.AttrOperation})
		r = s.rules.find(text)
	}
	if r == nil {
		name, _ := x.Msg.Attr(sidecar.Selector{Attr: sidecar.AttrOpName})
		if r = s.rules.byName[string(name)]; r == nil {
			return s.cluster.ops.find(name)
		}
	}
	if r.Idempotent != nil {
		x.Idempotent = *r.Idempotent
	}
	return r.op
}

// count counts a finished exchange. Hot.
func (c *Cluster) count(x *sidecar.Exchange, err error) {
	o := c.ops.get(x.Op)
	o.requests.Add(uint64(x.N))
	r := failure(x, err)
	if err == nil && r == sidecar.NoReason {
		o.succeeded.Add(uint64(x.N))
	} else {
		o.failed.Add(uint64(x.N))
		c.counters.reason(r).Add(uint64(x.N))
		if r == sidecar.DeadlineExceeded {
			c.counters.timeouts.Add(uint64(x.N))
		}
	}
	if x.Kind == sidecar.Session {
		return // its duration is no latency
	}
	o.latency.ObserveN(x.Now()-x.Received, x.N)
	if replied := x.Replied(); replied != 0 {
		o.reply.ObserveN(replied-x.Received, x.N)
	}
}

// Observe counts a request inside a session.
func (c *Cluster) Observe(op sidecar.Op, out sidecar.Outcome) {
	o := c.ops.get(op)
	o.requests.Inc()
	o.latency.Observe(out.Duration)
	if r := reasonOf(out); r == sidecar.NoReason {
		o.succeeded.Inc()
	} else {
		o.failed.Inc()
		c.counters.reason(r).Inc()
	}
}

// reasonOf is why a request inside a session counts as failed, NoReason if it
// does not.
func reasonOf(o sidecar.Outcome) sidecar.Reason {
	if o.Reason == sidecar.NoReason && refused(o.Class) {
		return sidecar.Status5xx
	}
	return o.Reason
}
