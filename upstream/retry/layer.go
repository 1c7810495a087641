package retry

import (
	"context"
	"math/rand/v2"

	"sidecar"
	"sidecar/varz"
)

// maxTries bounds all tries of an exchange, the free ones included. It is as
// many as an exchange remembers, so that no endpoint is tried twice unawares.
const maxTries = 8

// Metrics are what the layer counts; those left nil are counted for nobody.
type Metrics struct {
	// Requeues are all further tries of what reached nobody, Paid those of
	// them that the budget was charged for.
	Retries, Requeues, Paid, Exhausted, Held *varz.Counter
	Waiting                                  *varz.Gauge
}

// Rules say what is tried again and how often.
type Rules struct {
	// MaxRetries bounds the tries that are paid for.
	MaxRetries int
	On         Kinds
}

// Params are what the layer is made of.
type Params struct {
	Rules
	// Of has the operations with rules of their own.
	Of      map[sidecar.Op]Rules
	Backoff Backoff
	Budget  *Budget
	// Others tells whether an endpoint is left that x has not tried. Called by
	// x's owner between two tries.
	Others func(x *sidecar.Exchange) bool
	// Random is in [0, 1); nil is a generator. Called from many goroutines.
	Random  func() float64
	Metrics Metrics
}

// Layer makes the layer. What is inside it makes one try, and records it by
// Exchange.Try. Hot; it allocates nothing.
func Layer(p Params) sidecar.Layer {
	for _, c := range []**varz.Counter{
		&p.Metrics.Retries, &p.Metrics.Requeues, &p.Metrics.Paid, &p.Metrics.Exhausted, &p.Metrics.Held,
	} {
		if *c == nil {
			*c = new(varz.Counter)
		}
	}
	if p.Metrics.Waiting == nil {
		p.Metrics.Waiting = new(varz.Gauge)
	}
	if p.Random == nil {
		p.Random = rand.Float64
	}
	return func(next sidecar.Service) sidecar.Service {
		return &layer{Params: p, next: next, pauses: newPauses()}
	}
}

type layer struct {
	Params
	next   sidecar.Service
	pauses *pauses
}

// Do tries until the reply went out, or nothing may be tried again.
func (l *layer) Do(ctx context.Context, x *sidecar.Exchange) error {
	now, rules := x.Now(), l.rules(x)
	l.Budget.Deposit(x.N, now)
	outer := x.Hold // what a layer outside holds on every try
	defer func() { x.Hold = outer }()
	for paid, tries := 0, 1; ; tries++ {
		x.Hold = outer | l.hold(x, rules, paid, now)
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
		if max(tries, x.Tries.Len()) >= maxTries || !rules.On.Has(k) || !may(ctx, x, k, now) {
			return err
		}
		switch {
		case k == Connect:
			if !l.requeue(x, now) {
				return err
			}
		case paid >= rules.MaxRetries:
			return err
		default:
			paid++
			if err := l.again(ctx, x, f, k, paid, now); err != nil {
				return err
			}
			now = x.Now()
		}
	}
}

// rules are those of x's operation. Hot.
func (l *layer) rules(x *sidecar.Exchange) Rules {
	if len(l.Of) > 0 {
		if r, ok := l.Of[x.Op]; ok {
			return r
		}
	}
	return l.Rules
}

// requeue readies x, which reached nobody, to go elsewhere at once.
func (l *layer) requeue(x *sidecar.Exchange, now int64) bool {
	if !l.Others(x) || !x.Msg.Rewind() {
		return false
	}
	ok, paid := l.Budget.Requeue(x.N, now)
	switch {
	case !ok:
		l.Metrics.Exhausted.Inc()
		return false
	case paid:
		l.Metrics.Paid.Inc()
	}
	l.Metrics.Requeues.Inc()
	return true
}

// again pays for the paid-th further try of x, which failed as k by f, and
// waits until it may be made. The error is what x ends with instead.
func (l *layer) again(ctx context.Context, x *sidecar.Exchange, f *sidecar.Fault, k Kind, paid int, now int64) error {
	wait, ok := l.wait(x, f, k, paid, now)
	// The rewind stands before the withdrawal: what cannot be sent again must
	// not cost the budget.
	if !ok || !x.Msg.Rewind() {
		return f
	}
	if !l.Budget.Withdraw(x.N, now) {
		l.Metrics.Exhausted.Inc()
		return broke(f)
	}
	if wait > 0 {
		l.Metrics.Waiting.Add(1)
		cause := l.pauses.wait(x, wait)
		l.Metrics.Waiting.Add(-1)
		if cause != sidecar.NoCause && cause != sidecar.AttemptDeadline {
			return cause.Fault(sidecar.StagePick)
		}
		if ctx.Err() != nil {
			return f
		}
	}
	l.Metrics.Retries.Inc()
	return nil
}

// wait is how long x waits before its paid-th further try; false if that would
// be of no use.
//
// Whoever ran out of its time has waited already. A peer that asked to be left
// alone is, but it speaks for itself: while another endpoint is left, which is
// where the next try goes, the usual wait is enough.
func (l *layer) wait(x *sidecar.Exchange, f *sidecar.Fault, k Kind, paid int, now int64) (int64, bool) {
	left := int64(-1)
	if d := x.Deadline(); d != 0 {
		left = d - now
	}
	if t := x.Tries.Last(); f.Has(sidecar.FromPeer) && t != nil && t.After > 0 && !l.Others(x) {
		return obey(t.After, left, l.Random())
	}
	if k == Timeout || l.Backoff.Base <= 0 {
		return 0, true
	}
	return fit(l.Backoff.draw(paid, l.Random()), left), true
}

// may tells whether a failure of that kind may be tried again, but for what
// changes something: rewinding, paying and waiting.
func may(ctx context.Context, x *sidecar.Exchange, k Kind, now int64) bool {
	switch {
	case x.Replied() != 0,
		k.idempotent() && !x.Idempotent,
		x.Kind == sidecar.Session && k != Connect, // who knows what was said in it
		!timeLeft(x, now),
		ctx.Err() != nil:
		return false
	}
	c := x.Pending()
	return c == sidecar.NoCause || c == sidecar.AttemptDeadline
}

func timeLeft(x *sidecar.Exchange, now int64) bool {
	d := x.Deadline()
	return d == 0 || now < d
}

// hold is the classes that the next try shall keep from the client, since we
// would try again. Empty on the last try, so that the last reply reaches the
// client as it came. A request that has not come whole yet may be too large to
// be sent again, and a reply that was kept for nothing is lost: it is let out.
func (l *layer) hold(x *sidecar.Exchange, rules Rules, paid int, now int64) sidecar.ClassSet {
	if !rules.On.Has(Status) || !x.Idempotent || x.Kind == sidecar.Session || paid >= rules.MaxRetries ||
		x.Complete() == 0 || x.Tries.Len()+1 >= maxTries || !timeLeft(x, now) ||
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
