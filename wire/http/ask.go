package http

import (
	"context"
	"strconv"
	"time"

	"sidecar"
)

// nobody is the number, in an exchange's record of tries, of what no endpoint
// did: it marks a fallback.
const nobody = ^uint64(0)

// request is a GET that is not simply answered from the store. It is on the
// heap, as its Tap is.
type request struct {
	asking
	set *CacheSettings
}

// ask asks the backend, or waits for who does already. e is what is stored, nil
// if nothing is; fresh: it would do, and this request is to refresh it early.
func (c *Cache) ask(ctx context.Context, x *sidecar.Exchange, next sidecar.Service, r request, e *entry, fresh bool) error {
	a := &r.asking
	var f *flight
	// What is somebody's own is not waited for, unless what is stored shows that
	// it is everybody's.
	if r.set.Coalesce && r.set.Mode == CacheOn && !a.noCache && (!a.auth && !a.cookie || e != nil) {
		key := a.flightKey(x.Dest, e)
		if fresh {
			if f = c.flights.lead(key, x.Now(), r.set.CoalesceWait); f == nil {
				c.stats.hit.Inc()
				return c.hit(x, a, e, "")
			}
		} else {
			var answered bool
			var err error
			if f, answered, err = c.gather(x, &r, key); answered {
				return err
			}
			e = c.find(a, x.Dest)
		}
	}
	return c.fetch(ctx, x, next, &r, e, fresh, f)
}

// flightKey is the key of the requests that one reply can answer, as far as that
// is known before it has come.
func (a *asking) flightKey(dest string, e *entry) uint64 {
	key := hash(a.key, []byte(dest))
	if e == nil {
		return key
	}
	for _, one := range e.vary {
		for _, v := range one.values {
			key = hash(key, []byte(v))
		}
		key = hash(key, []byte(one.name))
	}
	return key
}

// gather has x wait for another request's reply, or lead: then f is its flight. It
// asks by itself where it has neither. What a leader lost, because its client
// went or its reply broke off, one of the others asks for again: they would else
// all come to the backend at once.
func (c *Cache) gather(x *sidecar.Exchange, r *request, key uint64) (f *flight, answered bool, err error) {
	wait := r.set.CoalesceWait
	end := x.Now() + int64(wait)
	if x.Asked > 0 { // no deadline stands yet, and the client will not wait longer
		end = min(end, x.Received+x.Asked)
	}
	for range maxJoins {
		f, leads := c.flights.join(key, x.Now(), wait)
		if f == nil || leads {
			return f, false, nil
		}
		if answered, err = c.follow(x, r, f, end); answered || !f.lost.Load() {
			return nil, answered, err
		}
	}
	return nil, false, nil
}

// follow waits for another request's reply, until end, and answers with it;
// answered is false if it does not do for this one.
func (c *Cache) follow(x *sidecar.Exchange, r *request, f *flight, end int64) (answered bool, err error) {
	switch cause := f.await(x, time.Duration(end-x.Now())); cause {
	case sidecar.NoCause, sidecar.AttemptDeadline:
	default:
		return true, cause.Fault(sidecar.StageRoute)
	}
	e := c.find(&r.asking, x.Dest)
	if e == nil || !r.takes(e, x.Now()) {
		return false, nil
	}
	c.stats.coalesced.Inc()
	return true, c.hit(x, &r.asking, e, "; collapsed")
}

// fetch asks the backend and stores what comes.
func (c *Cache) fetch(ctx context.Context, x *sidecar.Exchange, next sidecar.Service, r *request, e *entry, early bool, f *flight) error {
	l := &fill{c: c, a: &r.asking, set: r.set, dest: x.Dest, old: e, version: c.store.version(&r.asking), begun: x.Now(), flight: f}
	whole, failed := false, true
	defer func() { l.finish(x.Now(), whole, failed) }()
	condition := ""
	if e != nil && r.set.Mode == CacheOn {
		condition = e.condition
		l.asked = condition != ""
		l.mine = r.mine(e) // before the client's condition makes room for the cache's
	}
	r.cached.Tap(l, condition)
	err := next.Do(ctx, x)
	// What a fallback had another upstream answer is not this one's.
	whole, failed = err == nil && !x.Tries.Tried(nobody), err != nil
	switch {
	case err == nil:
		c.count(l, early)
	case x.Replied() == 0 && e != nil && r.set.Mode == CacheOn && e.standsIn(x.Now(), r.set.LastGood) && sidecar.FaultOf(err).Reason != sidecar.ClientLeft:
		c.stats.stale.Inc()
		note := r.cached.Note()
		*note = e.appendAge(append((*note)[:0], "Cache-Status: sidecar; hit; fwd=stale; detail=failed\r\n"...), x.Now())
		if l.mine {
			return answer(x, 304, e.notModified(), nil)
		}
		return answer(x, e.stored.Status, e.stored.Fields, e.stored.Body)
	default:
		c.count(l, early)
	}
	return err
}

// count counts a request that went to the backend.
func (c *Cache) count(l *fill, early bool) {
	switch {
	case l.stale:
		c.stats.stale.Inc()
	case early:
		c.stats.early.Inc()
	case l.validated:
		c.stats.revalidated.Inc()
	case l.old != nil:
		c.stats.refresh.Inc()
	default:
		c.stats.miss.Inc()
	}
}

func appendInt(out []byte, n int64) []byte { return strconv.AppendInt(out, n, 10) }
