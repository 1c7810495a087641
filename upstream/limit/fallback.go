package limit

import (
	"context"

	"sidecar"
	"sidecar/varz"
)

// Answerer is a message to whose client a reply can be written in a backend's
// place. A fallback calls Answer once, by the owner of x, while no try is under
// way and nothing was replied. It commits x, writes the reply and keeps neither
// fields (whole lines of the protocol) nor body. A message that cannot be
// answered so has no static fallback.
type Answerer interface {
	Answer(x *sidecar.Exchange, status int, fields string, body []byte) error
}

// Answer is a reply that is ready to go out.
type Answer struct {
	Status int
	Fields string // as the protocol writes them
	Body   []byte
}

// Reasons is a set of sidecar.Reason.
type Reasons uint64

// Has tells whether r is in the set.
func (s Reasons) Has(r sidecar.Reason) bool { return s&(1<<r) != 0 }

// ReasonsOf makes a set.
func ReasonsOf(list ...sidecar.Reason) (s Reasons) {
	for _, r := range list {
		s |= 1 << r
	}
	return s
}

// failing are the classes of replies that a fallback may take the place of.
const failing = 1<<sidecar.Failure | 1<<sidecar.Unavailable | 1<<sidecar.Shed

// FallbackParams are what a fallback is made of. One of Static and Other is
// set; without either there is none.
type FallbackParams struct {
	// On are the reasons that it is there for. With Status5xx failing replies
	// are kept from the client, on every try, and answered by the fallback.
	On     Reasons
	Static *Answer
	// Other is another upstream, by its name; Find gives it, nil if it is not
	// there at the moment. Its own fallback must not be in what Find gives: two
	// upstreams that fall back on each other would go round for ever.
	Other string
	Find  func(name string) sidecar.Service
	// Used is told of each use, in requests; Failed counts those that ended in
	// an error of the fallback's own. Both may be nil.
	Used   func(why sidecar.Reason, n int)
	Failed *varz.Counter
}

// Fallback makes the layer, nil if there is nothing to fall back on. Outside of
// the circuit and of retries, inside of the deadline. Hot: while nothing fails it
// costs the change of a field.
func Fallback(p FallbackParams) sidecar.Layer {
	if p.Static == nil && p.Other == "" {
		return nil
	}
	some(&p.Failed)
	if p.Used == nil {
		p.Used = func(sidecar.Reason, int) {}
	}
	return func(next sidecar.Service) sidecar.Service { return &fallback{FallbackParams: p, next: next} }
}

type fallback struct {
	FallbackParams
	next sidecar.Service
}

// Do performs x, and answers in the upstream's place if that failed. Hot.
func (l *fallback) Do(ctx context.Context, x *sidecar.Exchange) error {
	outer := x.Hold
	x.Hold = outer | l.hold(x)
	err := l.next.Do(ctx, x)
	x.Hold = outer
	if err == nil {
		return nil
	}
	f := sidecar.FaultOf(err)
	if !l.covers(x, f) {
		return err
	}
	if l.Static != nil {
		return l.static(x, f)
	}
	return l.elsewhere(ctx, x, f)
}

// hold is the classes to keep from the client on every try: what the fallback
// will surely answer. A reply that is kept for nothing is lost.
func (l *fallback) hold(x *sidecar.Exchange) sidecar.ClassSet {
	switch {
	case !l.On.Has(sidecar.Status5xx), x.Kind == sidecar.Session:
		return 0
	case l.Static != nil:
		if _, ok := x.Msg.(Answerer); !ok {
			return 0
		}
		return failing
	case x.Complete() == 0 || !x.Idempotent:
		return 0 // it could not be sent to another
	}
	return failing
}

// covers tells whether the fallback is there for a fault of x.
func (l *fallback) covers(x *sidecar.Exchange, f *sidecar.Fault) bool {
	why := f.Reason
	if f.Has(sidecar.FromPeer) {
		if failing&(1<<f.Class) == 0 {
			return false
		}
		why = sidecar.Status5xx // also where the budget for another try was gone
	}
	return x.Replied() == 0 && x.Kind == sidecar.Unary && l.On.Has(why) &&
		!f.Has(sidecar.FromClient) && x.Pending()&(sidecar.ClientGone|sidecar.Lost) == 0
}

// static answers with what is configured. The answer stands in the record of
// tries as one that no endpoint made.
func (l *fallback) static(x *sidecar.Exchange, f *sidecar.Fault) error {
	m, ok := x.Msg.(Answerer)
	if !ok {
		return f
	}
	l.Used(f.Reason, x.N)
	t := mark(x, "fallback: static answer", f)
	err := m.Answer(x, l.Static.Status, l.Static.Fields, l.Static.Body)
	t.Class, t.Code = x.Msg.Class(), l.Static.Status
	t.End = x.Now()
	if err != nil {
		l.Failed.Add(uint64(x.N))
	}
	return err
}

// nobody is the number of what no endpoint did; package why knows it.
const nobody = ^uint64(0)

// mark begins the record of what is done in the upstream's place, with the
// reason for it.
func mark(x *sidecar.Exchange, what string, f *sidecar.Fault) *sidecar.Try {
	t := x.Try(what, nobody, x.Now())
	t.Stage, t.Reason = f.Stage, f.Reason
	return t
}

// elsewhere sends x to the other upstream, if it may be sent once more at all.
// What that makes of x is its own affair, but for what belongs to this one.
func (l *fallback) elsewhere(ctx context.Context, x *sidecar.Exchange, f *sidecar.Fault) error {
	unsent := f.Has(sidecar.Unsent) || f.Has(sidecar.Rejected)
	if !unsent && !x.Idempotent || x.Pending()&^sidecar.AttemptDeadline != 0 || ctx.Err() != nil {
		return f
	}
	other := l.Find(l.Other)
	if other == nil || !x.Msg.Rewind() {
		return f
	}
	l.Used(f.Reason, x.N)
	t := mark(x, "fallback: upstream "+l.Other, f)
	t.End = t.Start
	op, idempotent := x.Op, x.Idempotent
	err := other.Do(ctx, x)
	x.Op, x.Idempotent = op, idempotent
	if err != nil {
		l.Failed.Add(uint64(x.N))
	}
	return err
}
