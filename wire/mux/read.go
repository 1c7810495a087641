package mux

import (
	"context"
	"io"
	"time"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/patience"
)

// next reads one message and sees to it.
func (s *session) next(ctx context.Context) outcome {
	set := s.srv.set.Load()
	if at, ok := s.parts.due(set.MessageTimeout); ok && s.x.Now() >= at {
		return s.stalled(errSlow)
	}
	var began int64 // when the first wait within the message began
	for {
		have := s.in[s.r:s.w]
		size, bad := frameSize(have, set.MaxFrame)
		switch {
		case bad == errFrameSize:
			return s.broken(controlTag, bad)
		case len(have) >= frameHead:
			f, unknown := readMessage(have[lengthSize:])
			switch {
			case unknown != nil || !f.kind.known():
				return s.broken(controlTag, errUnknown)
			case bad == errFrameLarge:
				return s.tooLarge(&f, have)
			case len(have) >= size:
				f.body = f.body[:size-frameHead]
				s.r += size
				return s.handle(ctx, set, &f)
			case size > sock.LargeBuffer:
				return s.long(ctx, set, &f, size)
			}
		}
		var o outcome
		if len(have) == 0 {
			s.r, s.w = 0, 0
			o = s.awaitFirst(set)
		} else {
			s.widen(max(size, frameHead))
			o = s.awaitMore(set, &began, size, func(limit time.Duration) (bool, error) { return s.read(limit) })
		}
		if o != going {
			return o
		}
	}
}

// known tells whether k is any message.
func (k kind) known() bool {
	switch k {
	case treq, rreq, tdispatch, rdispatch, tdrain, rdrain, tping, rping, tdiscarded, rdiscarded, tlease, tinit, rinit, rerr:
		return true
	}
	return false
}

// widen makes room behind w for a message of size bytes, which fits a large
// buffer.
func (s *session) widen(size int) {
	full := s.w == cap(s.in)
	if s.r+size <= cap(s.in) && !full {
		return
	}
	to := s.in
	if size > cap(s.in) || full && cap(s.in) == sock.SmallBuffer { // much comes at once
		to = s.srv.p.Buffers.Large()
	}
	n := copy(to, s.in[s.r:s.w])
	if cap(to) != cap(s.in) {
		s.srv.p.Buffers.Put(s.in[:cap(s.in)])
		s.in = to
	}
	s.r, s.w = 0, n
}

// awaitFirst waits for the first byte of a message.
func (s *session) awaitFirst(set *Settings) outcome {
	if o := s.ready(); o != going {
		return o
	}
	for {
		limit, result := set.IdleTimeout, over
		if set.ParkAfter > 0 && set.ParkAfter < limit && s.cl.c.Raw() && len(s.parts.open) == 0 {
			limit, result = set.ParkAfter, silent
		}
		if s.srv.draining.Load() {
			limit, result = min(limit, patience.DrainIdle), parted
		}
		s.mu.Lock()
		quiet, agreed, since := s.quiet(), s.agreed, max(s.said, s.under.last, s.asked)
		s.mu.Unlock()
		left := limit
		if quiet {
			left = time.Duration(since + int64(limit) - s.x.Now())
		}
		if at, ok := s.parts.due(set.MessageTimeout); ok {
			if left = min(left, time.Duration(at-s.x.Now())); left <= 0 {
				return s.stalled(errSlow)
			}
		}
		switch {
		case quiet && agreed:
			return parted
		case left <= 0:
			return result
		}
		woken, err := s.read(left)
		switch {
		case err != nil:
			return s.gone(err)
		case !woken:
			return going
		case s.cl.hard.Load():
			return s.ready()
		}
	}
}

// ready waits until what the client is sent has room again. Once the grace is
// over it waits for the end of all instead, which is near.
func (s *session) ready() outcome {
	for {
		hard := s.cl.hard.Load()
		s.mu.Lock()
		ended, full := s.ended, s.out.size() >= readAgain
		s.mu.Unlock()
		switch {
		case ended:
			return over
		case hard:
			s.x.Begin(nil, &s.alarms, s.x.Now())
			s.await(s.quiet)
			return parted
		case !full:
			return going
		}
		s.x.Begin(nil, &s.alarms, s.x.Now())
		s.await(func() bool { return s.out.size() < readAgain || s.cl.hard.Load() })
	}
}

// await waits until done, which is called with s.mu held, or nothing can be
// written any more, or the client is gone.
func (s *session) await(done func() bool) {
	for {
		s.mu.Lock()
		end := done() || s.ended
		s.under.awaited = !end
		s.mu.Unlock()
		if end {
			return
		}
		if s.x.Block(s) {
			<-s.signal
		}
		cause := s.x.Unblock()
		s.cl.c.RearmRead()
		if cause == sidecar.ClientGone {
			return
		}
		s.x.Forget(sidecar.Draining) // who nudges has seen to what is in flight
	}
}

// awaitMore waits, by read, for more of a message of size bytes (0 if that is
// not known yet), the first wait for which began at *began.
func (s *session) awaitMore(set *Settings, began *int64, size int, read func(time.Duration) (bool, error)) outcome {
	now := s.x.Now()
	if *began == 0 {
		*began = now
	}
	all := patience.Held(int64(set.MessageTimeout), size)
	left := min(int64(set.MessageTimeout), *began+all-now)
	if left <= 0 {
		return s.stalled(errSlow)
	}
	woken, err := read(time.Duration(left))
	switch {
	case err != nil:
		return s.gone(err)
	case woken && s.cl.hard.Load():
		return s.ready()
	case woken && s.x.Now() >= now+left:
		return s.stalled(errStalled)
	}
	return going
}

// read waits for bytes and puts them behind w. woken: none came before limit, or
// there is reason to look around.
func (s *session) read(limit time.Duration) (woken bool, err error) {
	s.in = s.in[:cap(s.in)]
	n, woken, err := s.readTo(s.in[s.w:], limit)
	s.w += n
	return woken, err
}

func (s *session) readTo(p []byte, limit time.Duration) (n int, woken bool, err error) {
	now := s.x.Now()
	s.x.Begin(nil, &s.alarms, now)
	s.x.SetStall(int64(limit))
	s.x.Moved(now)
	if s.nudged.Swap(false) {
		return 0, true, nil
	}
	if s.x.Block(s) {
		n, err = s.cl.c.Read(p)
	}
	cause := s.x.Unblock()
	if cause != sidecar.NoCause {
		s.cl.c.RearmRead()
		s.nudged.Store(false)
		if n == 0 && err != io.EOF {
			return 0, true, nil
		}
	}
	if n > 0 {
		s.said = s.x.Now()
		s.srv.p.Stats.In.Add(uint64(n))
		err = nil
	}
	return n, false, err
}

// gone sees to the end of what the client sends. After a FIN its requests get
// their replies, if so configured; a reset that follows ends them.
func (s *session) gone(err error) outcome {
	if err != io.EOF || s.srv.set.Load().CancelOnFIN {
		return over
	}
	s.x.Begin(nil, &s.alarms, s.x.Now())
	if lot := s.srv.p.Lot; lot != nil {
		spot := new(sock.Spot)
		if lot.Watch(s.cl.c, s, uint64(s.x.Gen()), spot) {
			defer lot.Unwatch(spot)
		}
	}
	s.await(s.quiet)
	return over
}

// Gone is the lot's: the client has ended. It waits for replies unless it has
// reset the connection.
func (s *session) Gone(mark uint64, reset bool) (again bool) {
	if reset {
		s.x.Interrupt(sidecar.Gen(mark), sidecar.ClientGone)
	}
	return !reset
}

// linger ends the sending side and reads on for a little: closing with unread
// bytes in the socket resets the connection, and the client would lose what it
// has not read yet.
func (s *session) linger() {
	s.x.Begin(nil, &s.alarms, s.x.Now())
	s.await(func() bool { return !s.out.busy })
	s.mu.Lock()
	cut := s.ended
	s.mu.Unlock()
	s.mute()
	s.interrupt(sidecar.ClientGone)
	if cut || s.cl.c.CloseWrite() != nil {
		return
	}
	for end := sidecar.Now() + int64(patience.LingerTime); s.x.Now() < end; {
		s.w = 0
		if woken, err := s.read(patience.LingerQuiet); woken || err != nil {
			return
		}
	}
}
