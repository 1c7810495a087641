package mux

import (
	"context"
	"time"

	"sidecar"
	"sidecar/sock"
)

// handle sees to one message.
func (s *session) handle(ctx context.Context, set *Settings, f *frame) outcome {
	if f.kind == tdiscarded {
		tag, _, bad := readDiscarded(f.body)
		s.giveBody(f)
		if bad != nil {
			return s.broken(f.tag, bad)
		}
		s.discard(tag)
		return going
	}
	taken := *f // a fragment's own buffer goes back, whatever becomes of the whole
	whole, bad := s.parts.add(f, set.MaxFrame)
	if taken.owned && (!whole || &f.body[0] != &taken.body[0]) {
		s.giveBody(&taken)
	}
	switch {
	case bad == errFrameLarge || bad == errNoRoom:
		s.refuse(f.tag, sidecar.TooLarge, bad)
		return going
	case bad != nil:
		return s.broken(f.tag, bad)
	case !whole:
		return going
	case f.kind == tdispatch || f.kind == treq:
		return s.begin(ctx, set, f)
	}
	defer s.giveBody(f)
	return s.control(f)
}

// giveBody gives the frame's buffer back if it has one of its own.
func (s *session) giveBody(f *frame) {
	if f.owned {
		s.srv.p.Room.Give(s.srv.p.Buffers, f.body)
		f.owned = false
	}
}

// control sees to a message that is no request.
func (s *session) control(f *frame) outcome {
	switch f.kind {
	case tping:
		s.say(rping, f.tag)
	case tinit:
		return s.greet(f)
	case rerr:
		if string(f.body) == initCheck {
			s.sayError(f.tag, initCheck)
		}
	case rdrain:
		s.mu.Lock()
		s.agreed = s.asked != 0
		s.mu.Unlock()
	case tlease, rping, rdiscarded, rinit:
		// Of no meaning for a server; a client that says them does no harm.
	default:
		s.sayError(f.tag, errUnexpected.text)
	}
	return going
}

// greet answers a Tinit. Of the features that one can ask for the sidecar has
// fragments; silence about the others says that it has them not.
func (s *session) greet(f *frame) outcome {
	g, bad := readInit(f.body)
	if bad == nil && g.version != initVersion {
		bad = errVersion
	}
	if bad != nil {
		return s.broken(f.tag, bad)
	}
	s.mu.Lock()
	if s.under.running > 0 {
		s.mu.Unlock()
		return s.broken(f.tag, errLateInit)
	}
	s.window = g.window
	s.out.pending = appendInit(s.out.pending, rinit, f.tag, 0)
	s.flush(nil)
	return going
}

// begin starts a request.
func (s *session) begin(ctx context.Context, set *Settings, f *frame) outcome {
	now := s.x.Now()
	u := &s.under
	s.mu.Lock()
	switch {
	case f.tag != markerTag && u.tags.find(f.tag) != nil:
		s.mu.Unlock()
		s.giveBody(f)
		return s.broken(f.tag, errTagTwice)
	case u.running >= set.MaxInFlight || s.agreed:
		agreed := s.agreed
		s.mu.Unlock()
		s.giveBody(f)
		s.turnAway(f, agreed)
		return going
	}
	fl, fresh := s.flight()
	fl.tag, fl.key, fl.old, fl.settled = f.tag, f.tag, f.kind == treq, false
	if f.tag == markerTag {
		u.markers++
		fl.key = 1<<24 | u.markers
	}
	fl.x.Begin(&fl.call, &fl.alarms, now)
	fl.gen = fl.x.Gen()
	u.running++
	u.tags.put(fl)
	s.mu.Unlock()
	// Drain sets hard and then looks at what is in flight; here it is the other
	// way round, so that one of the two sees the other.
	if s.cl.hard.Load() {
		fl.x.Interrupt(fl.gen, sidecar.Draining)
	}
	if bad := fl.fill(f); bad != nil {
		s.undo(fl, fresh, bad)
		return going
	}
	fl.x.RequestDone(now)
	if fresh {
		s.workers.Add(1)
		go fl.work(ctx)
	} else {
		fl.next <- true
	}
	return going
}

// flight takes a worker that is free, or makes one, with s.mu held.
func (s *session) flight() (f *flight, fresh bool) {
	if n := len(s.under.free); n > 0 {
		f = s.under.free[n-1]
		s.under.free = s.under.free[:n-1]
		return f, false
	}
	f = s.srv.flights.Get().(*flight)
	f.s, f.call.Client = s, s.cl.ip
	return f, true
}

// fill takes the request apart, in a buffer of its own: the next is read into
// the session's.
func (f *flight) fill(from *frame) (bad *problem) {
	body := from.body
	if from.owned {
		from.owned = false
		f.buf = body
	} else {
		if len(body) <= sock.SmallBuffer {
			f.buf = f.srv.p.Buffers.Small()
		} else {
			f.buf = f.srv.p.Buffers.Large()
		}
		body = f.buf[:copy(f.buf, body)]
	}
	c := &f.call
	if f.old {
		f.trace, bad = c.readTreq(body, f.trace)
	} else {
		bad = c.read(body)
	}
	if bad == nil {
		f.x.Asked = Left(c.Contexts)
	}
	return bad
}

// undo ends a request that is none.
func (s *session) undo(f *flight, fresh bool, bad *problem) {
	s.mu.Lock()
	f.settled = true
	s.under.tags.remove(f)
	s.mu.Unlock()
	f.x.End()
	s.srv.p.Room.Give(s.srv.p.Buffers, f.buf)
	f.buf = nil
	s.refuse(f.tag, sidecar.BadRequest, bad)
	s.mu.Lock()
	s.under.running--
	if !fresh {
		s.under.free = append(s.under.free, f)
	}
	s.mu.Unlock()
	if fresh {
		f.s = nil
		s.srv.flights.Put(f)
	}
}

// discard ends a request that its client gave up, and says so. One that is not
// in flight has been answered, and what was written of that is on its way.
func (s *session) discard(tag uint32) {
	tag &= maxTag
	known := s.parts.drop(tag)
	s.mu.Lock()
	f := s.under.tags.find(tag)
	if f != nil {
		f.settled = true
		s.under.tags.remove(f)
		known = true
	}
	var gen sidecar.Gen
	if f != nil {
		gen = f.gen
	}
	if !known {
		s.mu.Unlock()
		return
	}
	s.out.pending = appendEmpty(s.out.pending, rdiscarded, tag)
	s.flush(nil)
	if f != nil {
		s.srv.p.Stats.discarded.Inc()
		f.x.Interrupt(gen, sidecar.ClientGone)
	}
}

// turnAway answers a request that is one too many, or that came when its client
// had said that none would.
func (s *session) turnAway(f *frame, late bool) {
	fault := sidecar.Fault{Stage: sidecar.StageRoute, Flags: sidecar.Unsent | sidecar.Rejected, Reason: sidecar.TooManyRequests}
	if late {
		fault.Reason = sidecar.ShuttingDown
	}
	s.tellRefused(&fault)
	if f.tag == markerTag {
		return
	}
	k, contexts := rdispatch, rejected
	if f.kind == treq {
		k, contexts = rreq, nil
	}
	s.mu.Lock()
	s.sendReply(k, f.tag, []byte{byte(Nack)}, contexts, []byte("sidecar: "+fault.Reason.String()))
}

// refuse answers what is no request by an Rerr; the session goes on.
func (s *session) refuse(tag uint32, reason sidecar.Reason, bad *problem) {
	s.tellRefused(&sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromClient, Reason: reason, Err: bad})
	s.sayError(tag, "sidecar: "+reason.String()+": "+bad.text)
}

// broken answers what cannot be read on from.
func (s *session) broken(tag uint32, bad *problem) outcome {
	s.refuse(tag, sidecar.BadRequest, bad)
	return parted
}

// stalled answers a message that stopped coming.
func (s *session) stalled(bad *problem) outcome {
	s.refuse(controlTag, sidecar.StalledOut, bad)
	return parted
}

// tellRefused counts and tells what never became an exchange for the handler.
func (s *session) tellRefused(f *sidecar.Fault) {
	s.srv.p.Stats.refused(f)
	if s.srv.p.Refused != nil {
		s.srv.p.Refused(&s.x, string(s.cl.ip), f)
	}
}

// tooLarge answers a message over max_frame, of which have is there, and reads
// over it: it is one request's fault, and others of the session are under way.
// What is no whole request cannot be answered so.
func (s *session) tooLarge(f *frame, have []byte) outcome {
	if f.more || f.kind != tdispatch && f.kind != treq {
		return s.broken(f.tag, errFrameLarge)
	}
	size := frameLength(have)
	s.refuse(f.tag, sidecar.TooLarge, errFrameLarge)
	return s.skip(size)
}

// skip reads over the message that begins at r.
func (s *session) skip(size int) outcome {
	set := s.srv.set.Load()
	var began int64
	for {
		n := min(size, s.w-s.r)
		s.r += n
		if size -= n; size == 0 {
			return going
		}
		s.r, s.w = 0, 0
		if o := s.awaitMore(set, &began, size, func(limit time.Duration) (bool, error) { return s.read(limit) }); o != going {
			return o
		}
	}
}

// long reads a message that no pooled buffer holds into one of its own, which
// grows with what comes: that a peer says it will send much is no reason to make
// room for it.
func (s *session) long(ctx context.Context, set *Settings, f *frame, size int) outcome {
	p := &s.srv.p
	left := size - frameHead
	buf := p.Buffers.Large()
	n := copy(buf, s.in[s.r+frameHead:s.w])
	s.r, s.w = 0, 0
	var began int64
	for n < left {
		if n == len(buf) {
			to := p.Room.Take(p.Buffers, min(left, 2*len(buf)))
			if to == nil {
				p.Room.Give(p.Buffers, buf)
				return s.noRoom(f, left-n)
			}
			copy(to, buf[:n])
			p.Room.Give(p.Buffers, buf)
			buf = to
		}
		o := s.awaitMore(set, &began, size, func(limit time.Duration) (bool, error) {
			k, woken, err := s.readTo(buf[n:min(len(buf), left)], limit)
			n += k
			return woken, err
		})
		if o != going {
			p.Room.Give(p.Buffers, buf)
			return o
		}
	}
	f.body, f.owned = buf[:left], true
	return s.handle(ctx, set, f)
}

// noRoom answers a request for which there is no room, left bytes of which are
// still to come.
func (s *session) noRoom(f *frame, left int) outcome {
	if f.more || f.kind != tdispatch && f.kind != treq {
		return s.broken(f.tag, errNoRoom)
	}
	s.refuse(f.tag, sidecar.TooLarge, errNoRoom)
	return s.skip(left)
}
