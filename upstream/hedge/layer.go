package hedge

import (
	"context"
	"sync"

	"sidecar"
	"sidecar/varz"
)

// Metrics are what the layer counts; those left nil are counted for nobody.
type Metrics struct {
	Sent, Won, Lost, Refused, Dark *varz.Counter
}

// Budget bounds what hedges add to the load.
type Budget interface {
	// Deposit counts n requests at now. Hot.
	Deposit(n int, now int64)
	// Withdraw pays for sending n requests again, false if there is not enough.
	// It is called on the wheel's goroutine.
	Withdraw(n int, now int64) bool
}

// Params are what the layer is made of; all but Metrics must be given.
type Params struct {
	// Dark counts what would be sent, and sends nothing.
	Dark bool
	// After is the delay of x's operation from its last byte, in nanoseconds,
	// 0 for never (see Trigger). Hot.
	After  func(x *sidecar.Exchange) int64
	Budget Budget
	// Stall is how long a body of a second sender may stand still, in
	// nanoseconds; 0 is for ever.
	Stall int64
	// Others tells whether there is a good endpoint that x has not tried.
	// Called before x is sent as a second one.
	Others func(x *sidecar.Exchange) bool
	// Fork performs the one try of a second sender.
	Fork sidecar.Service
	// Timer makes an alarm of the wheel: arm sets its time (0: none), at which
	// fire is called with the low 28 bits of mark and must not block. Safe for
	// concurrent calls.
	Timer   func(fire func(mark uint64)) (arm func(at int64, mark uint64))
	Now     func() int64
	Metrics Metrics
}

// Layer makes the layer. Hot; it allocates nothing in steady state.
func Layer(p Params) sidecar.Layer {
	for _, c := range []**varz.Counter{&p.Metrics.Sent, &p.Metrics.Won, &p.Metrics.Lost, &p.Metrics.Refused, &p.Metrics.Dark} {
		if *c == nil {
			*c = new(varz.Counter)
		}
	}
	return func(next sidecar.Service) sidecar.Service {
		l := &layer{Params: p, next: next}
		l.pairs.New = func() any { return newPair(l) }
		return l
	}
}

type layer struct {
	Params
	next  sidecar.Service
	pairs sync.Pool
}

// Do performs x, and sends it a second time if its reply is late.
func (l *layer) Do(ctx context.Context, x *sidecar.Exchange) error {
	l.Budget.Deposit(x.N, x.Now())
	after := l.After(x)
	if after <= 0 || !x.Idempotent || x.Kind == sidecar.Session || x.Endpoint != "" || x.Complete() == 0 {
		return l.next.Do(ctx, x)
	}
	m, ok := x.Msg.(sidecar.Forker)
	if !ok || !m.Share(x) {
		return l.next.Do(ctx, x)
	}
	p := l.pairs.Get().(*pair)
	// Not from its first byte: who sends a body slowly would have each of its
	// requests sent twice at once, and use up what is there for all.
	p.begin(ctx, x, m, x.Complete()+after)
	err := l.next.Do(ctx, x)
	if p.left() {
		err = p.join(err)
	}
	x.Hedge = nil
	p.end()
	return err
}
