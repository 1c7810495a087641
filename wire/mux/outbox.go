package mux

import (
	"sidecar"
	"sidecar/sock"
	"sidecar/wire/patience"
)

// outbox is what is to be written to a client, under its session's lock: what
// is being written, and behind it what came meanwhile. Whoever finds nobody
// writing writes for all, without waiting; what the socket does not take is left
// to a goroutine that waits for the client alone.
type outbox struct {
	taken   []byte // being written, from off on
	off     int
	pending []byte
	busy    bool // somebody writes
	counted int  // bytes counted in Server.unsent
}

// size is how many bytes are not written yet.
func (o *outbox) size() int { return len(o.taken) - o.off + len(o.pending) }

// next is what is to be written now, empty if nothing is.
func (o *outbox) next() []byte {
	if o.off == len(o.taken) {
		o.taken, o.pending, o.off = o.pending, o.taken[:0], 0
		if cap(o.pending) > keepOut {
			o.pending = nil
		}
	}
	return o.taken[o.off:]
}

// reset forgets all but buffers that are worth keeping.
func (o *outbox) reset() {
	taken, pending := o.taken[:0], o.pending[:0]
	*o = outbox{}
	if cap(taken) <= keepOut {
		o.taken = taken
	}
	if cap(pending) <= keepOut {
		o.pending = pending
	}
}

// sendReply writes a reply, with s.mu held, which it gives back. status is all of
// its head but the contexts; an Rreq has none.
func (s *session) sendReply(k kind, tag uint32, status, contexts, payload []byte) {
	o := &s.out
	size := len(status) + len(payload)
	if k == rdispatch {
		size += max(len(contexts), 2)
	}
	if w := s.window; w > 0 && size > w {
		head := append([]byte(nil), status...)
		if k == rdispatch {
			head = appendPairs(head, contexts)
		}
		o.pending = appendFrames(o.pending, k, tag, w, head, payload)
		s.flush(nil)
		return
	}
	o.pending = append(appendHead(o.pending, k, tag, size), status...)
	if k == rdispatch {
		o.pending = appendPairs(o.pending, contexts)
	}
	if len(payload) <= copyBelow || o.busy {
		o.pending = append(o.pending, payload...)
		payload = nil
	}
	s.flush(payload)
}

// say writes a message without a body, with s.mu not held.
func (s *session) say(k kind, tag uint32) {
	s.mu.Lock()
	s.out.pending = appendEmpty(s.out.pending, k, tag)
	s.flush(nil)
}

// sayError writes an Rerr.
func (s *session) sayError(tag uint32, why string) {
	s.mu.Lock()
	s.out.pending = appendError(s.out.pending, tag, why)
	s.flush(nil)
}

// flush sees to it that what is pending goes out, and behind it direct, which
// lies elsewhere and may be given only while nobody writes. s.mu is held and
// given back.
func (s *session) flush(direct []byte) {
	o := &s.out
	switch {
	case s.ended:
		o.pending = o.pending[:0]
		s.mu.Unlock()
		return
	case o.busy:
		s.countUnsent()
		s.mu.Unlock()
		return
	}
	o.busy = true
	for range rounds {
		p := o.next()
		if len(p) == 0 {
			o.busy = false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		n, err := s.cl.c.TryWrite(p, direct)
		s.srv.p.Stats.Out.Add(uint64(n))
		s.mu.Lock()
		if s.ended {
			o.busy = false
			s.mu.Unlock()
			return
		}
		if rest := len(p) + len(direct) - n; rest > 0 {
			k := min(n, len(p))
			o.off += k
			o.taken = append(o.taken, direct[n-k:]...)
			if err != nil && err != sock.ErrAgain {
				s.cut()
			}
			break
		}
		o.off += len(p)
		direct = nil
	}
	s.countUnsent()
	if s.ended {
		o.busy = false
	} else {
		s.workers.Add(1)
		go s.writeOut()
	}
	s.mu.Unlock()
}

// countUnsent notes how much waits, and cuts the client if that is too much.
// With s.mu held.
func (s *session) countUnsent() {
	if s.ended {
		return
	}
	o := &s.out
	size := o.size()
	all := s.srv.unsent.Add(int64(size - o.counted))
	o.counted = size
	if size > s.srv.most || all > maxUnsentAll && size > readAgain {
		s.cut()
		s.srv.p.Stats.cut.Inc()
	}
}

// writeOut writes what the client did not take at once, at its pace.
func (s *session) writeOut() {
	defer s.workers.Done()
	o := &s.out
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.ended {
		p := o.next()
		s.countUnsent()
		if len(p) == 0 {
			break
		}
		if o.size() < readAgain {
			s.tell()
		}
		s.takeBy = sidecar.Now() + int64(takeTime)
		s.taking.Arm(s.takeBy, 0)
		s.mu.Unlock()
		n, err := s.cl.c.Write(p[:min(len(p), patience.MaxPiece)], nil)
		s.srv.p.Stats.Out.Add(uint64(n))
		s.mu.Lock()
		o.off += n
		if err != nil {
			s.cut()
		}
	}
	o.busy, s.takeBy = false, 0
	s.taking.Arm(0, 0)
	s.tell()
}

// Expire is the wheel's: the client has taken nothing for too long, unless it
// has since.
func (s *session) Expire(uint8, uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.takeBy != 0 && sidecar.Now() >= s.takeBy {
		s.cut()
		s.srv.p.Stats.cut.Inc()
	}
}

// cut ends the session at once, with s.mu held: nothing is written any more, and
// the reader, which a reset wakes, ends what is in flight.
func (s *session) cut() {
	if s.ended {
		return
	}
	s.ended = true
	s.srv.unsent.Add(-int64(s.out.counted))
	s.out.counted = 0
	s.tell()
	s.cl.c.Abort()
}
