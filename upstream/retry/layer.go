package retry

import (
	"context"

	"sidecar"
	"sidecar/varz"
)

// maxTries bounds all tries of an exchange, the free ones included. It is as
// many as an exchange remembers, so that no endpoint is tried twice unawares.
const maxTries = 8

// Metrics are what the layer counts; those left nil are counted for nobody.
type Metrics struct {
	Retries, Requeues, Exhausted, Held *varz.Counter
}

// Params are what the layer is made of.
type Params struct {
	// MaxRetries bounds the tries that are paid for.
	MaxRetries int
	On         Kinds
	Budget     *Budget
	// Others tells whether an endpoint is left that x has not tried. Called by
	// x's owner after a try that reached nobody.
	Others  func(x *sidecar.Exchange) bool
	Metrics Metrics
}

// Layer makes the layer. What is inside it makes one try, and records it by
// Exchange.Try. Hot; it allocates nothing.
func Layer(p Params) sidecar.Layer {
	for _, c := range []**varz.Counter{&p.Metrics.Retries, &p.Metrics.Requeues, &p.Metrics.Exhausted, &p.Metrics.Held} {
		if *c == nil {
			*c = new(varz.Counter)
		}
	}
	return func(next sidecar.Service) sidecar.Service {
		return &layer{Params: p, next: next}
	}
}

type layer struct {
	Params
	next sidecar.Service
}

// Do tries until the reply went out, or nothing may be tried again.
func (l *layer) Do(ctx context.Context, x *sidecar.Exchange) error {
	now := x.Now()
	l.Budget.Deposit(x.N, now)
	outer := x.Hold // what a layer outside holds on every try
	defer func() { x.Hold = outer }()
	for paid, tries := 0, 1; ; tries++ {
		x.Hold = outer | l.hold(x, paid, now)
		err := l.next.Do(ctx, x)
		if err == nil {
			return nil
		}
		f := sidecar.FaultOf(err)
		now = x.Now()
		if f.Has(sidecar.FromPeer) && x.Replied() == 0 {
			l.Metrics.Held.Inc()
		}
		k := KindOf(f)
		// Counted here too: a try for which there was no endpoint is not in
		// the record.
		if max(tries, x.Tries.Len()) >= maxTries || !l.may(ctx, x, k, now) {
			return err
		}
		if k == Connect {
			if !l.Others(x) || !x.Msg.Rewind() {
				return err
			}
			l.Metrics.Requeues.Inc()
			continue
		}
		// The rewind stands before the withdrawal: what cannot be sent again
		// must not cost the budget.
		if paid >= l.MaxRetries || !x.Msg.Rewind() {
			return err
		}
		if !l.Budget.Withdraw(x.N, now) {
			l.Metrics.Exhausted.Inc()
			return broke(f)
		}
		paid++
		l.Metrics.Retries.Inc()
	}
}

// may tells whether a failure of that kind may be tried again, but for what
// changes something: rewinding and paying.
func (l *layer) may(ctx context.Context, x *sidecar.Exchange, k Kind, now int64) bool {
	switch {
	case !l.On.Has(k),
		x.Replied() != 0,
		k.idempotent() && !x.Idempotent,
		x.Kind == sidecar.Session && k != Connect, // who knows what was said in it
		!l.timeLeft(x, now),
		ctx.Err() != nil:
		return false
	}
	c := x.Pending()
	return c == sidecar.NoCause || c == sidecar.AttemptDeadline
}

func (l *layer) timeLeft(x *sidecar.Exchange, now int64) bool {
	d := x.Deadline()
	return d == 0 || now < d
}

// hold is the classes that the next try shall keep from the client, since we
// would try again. Empty on the last try, so that the last reply reaches the
// client as it came. A request that has not come whole yet may be too large to
// be sent again, and a reply that was kept for nothing is lost: it is let out.
func (l *layer) hold(x *sidecar.Exchange, paid int, now int64) sidecar.ClassSet {
	if !l.On.Has(Status) || !x.Idempotent || x.Kind == sidecar.Session || paid >= l.MaxRetries ||
		x.Complete() == 0 || x.Tries.Len()+1 >= maxTries || !l.timeLeft(x, now) ||
		!l.Budget.Has(x.N, now) {
		return 0
	}
	return sidecar.Classes(sidecar.Unavailable, sidecar.Shed)
}

// broke is f where the budget was empty. A reply that was kept has the budget
// as its reason, as otherwise the client would have had it as it came; its
// class and code stay. Other failures keep the reason that tells more.
func broke(f *sidecar.Fault) error {
	if !f.Has(sidecar.FromPeer) {
		return f
	}
	out := *f
	out.Reason = sidecar.RetryBudget
	return &out
}
