package xds

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	// lossTold is how long there may be no stream before that is told: a control
	// plane that restarts, or moves its clients now and then, takes less.
	lossTold = 2 * time.Second
	// steady is how long a stream lives that was not for nothing: before, its
	// end counts as a failure.
	steady = 10 * time.Second
)

// runner is a plane's goroutine: it keeps a stream, asks over it for what the
// watches want, and tells them what comes.
type runner struct {
	*plane
	world *world
	link  *link // nil between two tries

	fails   int       // tries in a row that came to nothing
	retryAt time.Time // of the next try
	lostAt  time.Time // since when nothing is heard, zero while something is
	loss    error     // why
	told    bool      // that
	logged  string    // the last reason, until something is heard
	older   bool      // the incremental form is not known there

	refusals [kinds]int   // responses in a row that were refused
	owed     [kinds]*debt // answers that wait
	timer    *time.Timer
}

// debt is an answer that is given later.
type debt struct {
	news    news
	refused error
	at      time.Time
}

func newRunner(p *plane) *runner {
	return &runner{plane: p, world: newWorld(p.server), lostAt: time.Now()}
}

func (r *runner) run(ctx context.Context) {
	r.timer = time.NewTimer(0)
	defer r.timer.Stop()
	defer func() {
		if r.link != nil {
			r.drop()
		}
	}()
	for {
		var events chan event
		if r.link != nil {
			events = r.link.events
		}
		select {
		case <-ctx.Done():
			return
		case <-r.poke:
		case <-r.timer.C:
		case <-r.anew:
			r.older = false
			r.hangUp(nil, time.Now())
			r.retryAt = time.Time{}
		case e := <-events:
			r.take(e, time.Now())
		}
		r.tend(ctx, time.Now())
	}
}

// take takes what the link tells.
func (r *runner) take(e event, now time.Time) {
	switch {
	case e.err != nil:
		r.ended(e.err, now)
	case e.opened != nil:
		r.link.dialect = e.opened
		r.stats.streams.Inc()
		r.world.linked(now)
		r.note(func(s *State) { s.Error = "there is a stream, over which the control plane has told nothing yet" })
	default:
		r.hear(now)
		if e.stray {
			r.log.Warn("xds: the control plane sent something that it was not asked for; it is left out")
			return
		}
		r.response(*e.news, now)
	}
}

// hear notes that the stream works.
func (r *runner) hear(now time.Time) {
	r.stats.responses.Inc()
	if r.link.heard {
		return
	}
	r.link.heard = true
	r.lostAt, r.loss, r.told, r.logged = time.Time{}, nil, false, ""
	r.stats.connected.Add(1)
	r.note(func(s *State) { s.Connected, s.Since, s.Variant, s.Error = true, now, r.link.variant, "" })
	r.log.Info("xds: connected", "variant", r.link.variant)
}

// response takes a response and answers it, at once unless the like of it was
// refused before: control planes send what was refused anew when they get the
// answer.
func (r *runner) response(n news, now time.Time) {
	refused, broken := r.world.take(n, now)
	if broken != nil {
		r.hangUp(broken, now)
		return
	}
	if refused == nil {
		r.refusals[n.kind] = 0
		if n.kind == clusters && n.version != "" {
			r.note(func(s *State) { s.Version = told(n.version) })
		}
		r.answer(n, nil)
		return
	}
	r.stats.refused.Inc()
	r.note(func(s *State) { s.Refused = told(refused.Error()) })
	r.log.Warn("xds: a response of the control plane is refused, in part or whole; what is bad in it changes nothing", "type", n.kind.typeURL(), "version", told(n.version), "reason", refused)
	if r.refusals[n.kind]++; r.refusals[n.kind] == 1 {
		r.answer(n, refused)
		return
	}
	r.owed[n.kind] = &debt{n, refused, now.Add(again(r.refusals[n.kind] - 1))}
}

func (r *runner) answer(n news, refused error) {
	r.owed[n.kind] = nil
	r.link.send(func() error { return r.link.dialect.answer(n, refused) })
}

// ended plans what follows the end of a link.
func (r *runner) ended(err error, now time.Time) {
	if v := r.p.Settings().Variant; status.Code(err) == codes.Unimplemented && v != Delta && v != SotW {
		if r.older = !r.older; r.older {
			r.log.Info("xds: the control plane does not know the incremental form; it is asked in the older one")
			r.hangUp(nil, now)
			r.retryAt = now
			return
		}
	}
	r.hangUp(explain(err), now)
}

// drop ends the link and counts it out. The gauge is counted and not set:
// another plane of the same address may have been made while this one ends.
func (r *runner) drop() *link {
	l := r.link
	l.end()
	r.link = nil
	if l.heard {
		r.stats.connected.Add(-1)
	}
	return l
}

// hangUp ends the link; err is why, nil if there is nothing to tell.
func (r *runner) hangUp(err error, now time.Time) {
	if r.link == nil {
		return
	}
	l := r.drop()
	r.world.unlinked()
	r.owed, r.refusals = [kinds]*debt{}, [kinds]int{}
	if r.lostAt.IsZero() {
		r.lostAt = now
	}
	if err != nil {
		r.loss = fmt.Errorf("xds: no stream with %s: %w; it is tried again", r.server, err)
	}
	if l.heard && now.Sub(l.began) >= steady {
		r.fails = 0
	} else {
		r.fails++
	}
	r.retryAt = now.Add(again(r.fails))
	if err == nil || err.Error() != r.logged {
		r.log.Info("xds: no stream; what is known stays in use, and it is tried again", "reason", err)
	}
	if r.logged = ""; err != nil {
		r.logged = err.Error()
	}
	r.note(func(s *State) {
		if s.Connected {
			s.Since = now
		}
		s.Variant = ""
		if s.Connected = false; err != nil {
			s.Error = err.Error()
		}
	})
	if r.told && r.loss != nil {
		r.world.lost(r.loss)
	}
}

// tend does what is to be done now and sets the timer for what comes next.
func (r *runner) tend(ctx context.Context, now time.Time) {
	watches, names := r.wanted()
	r.world.want(names, now)
	if r.link == nil && len(names) > 0 && !now.Before(r.retryAt) {
		r.link = newLink(ctx, r.server, r.variant(), r.p.Settings(), now)
	}
	next := now.Add(time.Hour)
	sooner := func(t time.Time) {
		if !t.IsZero() && t.Before(next) {
			next = t
		}
	}
	if r.link == nil {
		sooner(r.retryAt)
	}
	if !r.told && r.loss != nil {
		if at := r.lostAt.Add(lossTold); now.Before(at) {
			sooner(at)
		} else {
			r.told = true
			r.world.lost(r.loss)
		}
	}
	sooner(r.world.pass(now, r.link != nil && r.link.variant == Delta))
	r.speak(now, sooner)
	for _, w := range watches {
		w.tell(r.world.about(w.cluster))
	}
	r.timer.Reset(max(next.Sub(now), time.Millisecond))
}

// speak says to the control plane what is to be said now.
func (r *runner) speak(now time.Time, sooner func(time.Time)) {
	if r.link == nil || r.link.dialect == nil {
		return
	}
	for k := range kinds {
		if d := r.owed[k]; d != nil && !now.Before(d.at) {
			r.answer(d.news, d.refused)
		} else if d != nil {
			sooner(d.at)
		}
		r.link.send(func() error { return r.link.dialect.ask(k, r.world.names(k), r.world.versions(k)) })
	}
}

// variant is the form of the next stream.
func (r *runner) variant() Variant {
	switch v := r.p.Settings().Variant; {
	case v == Delta, v == SotW:
		return v
	case r.older:
		return SotW
	}
	return Delta
}
