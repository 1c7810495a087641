package kafka

import (
	"sidecar"
	"sidecar/sock"
	"sidecar/wire/patience"
)

// pass sends the requests at hand. What is left behind them is the beginning of one
// that fits the buffer; a larger one is given on as it comes.
func (r *relay) pass() bool {
	a := r.a
	r.at = a.r
	for r.at < a.w {
		b := a.in[r.at:a.w]
		h, p := ParseHead(b, r.set.MaxRequest)
		if p == More {
			break
		}
		if p != nil {
			return r.stop(badRequest(p))
		}
		total := SizeLen + h.Size
		whole := total <= len(b)
		if !whole && (total <= len(a.in) || len(b) < maxFront) {
			break
		}
		if r.isOurs(h) {
			if !r.answer(h) {
				return false
			}
			continue
		}
		if !r.admit(h, b[:min(total, len(b))]) {
			return false
		}
		if !whole {
			return r.large(total)
		}
		r.at += total
	}
	return r.flush()
}

// maxFront is how many bytes of a large request are wanted before it is sent: what
// its head may have, whatever the names in it.
const maxFront = 16 << 10

// flush sends what is behind a.r and before r.at.
func (r *relay) flush() bool {
	a := r.a
	if a.r == r.at {
		return true
	}
	ok := r.send(a.in[a.r:r.at])
	a.r = r.at
	if a.r == a.w {
		a.r, a.w, r.at = 0, 0, 0
	}
	return ok
}

// send writes b to the broker, waiting as needed.
func (r *relay) send(b []byte) bool {
	n, err := r.broker.TryWrite(b, nil)
	r.sent(n)
	b = b[n:]
	if err == nil {
		return true
	}
	if err != sock.ErrAgain {
		return r.unsendable(err)
	}
	r.restless()
	r.sends = true
	ok := r.sendSlowly(b)
	r.since, r.sends = 0, false
	return ok
}

// sendSlowly writes b as the broker takes it.
func (r *relay) sendSlowly(b []byte) bool {
	for len(b) > 0 {
		var n int
		var err error
		ready := r.x.Block(writeSide{r.broker})
		if ready {
			n, err = r.broker.Write(b[:min(len(b), patience.MaxPiece)], nil)
			r.sent(n)
			b = b[n:]
		}
		cause := r.x.Unblock()
		switch {
		case ready && err == nil && cause == sidecar.NoCause:
			r.moved()
		case ready && err != nil && err != sock.ErrWoken:
			return r.unsendable(err)
		case !r.woken(cause):
			return false
		}
	}
	return true
}

func (r *relay) sent(n int) {
	r.a.srv.stats.In.Add(uint64(n))
	if t := r.x.Tries.Last(); t != nil {
		t.Out += int64(n)
	}
}

// unsendable is the end of a broker that takes nothing any more. Why may still be
// read from it: an answer to what came before, or its end.
func (r *relay) unsendable(err error) bool {
	if r.down.ended.Load() {
		return false // which says more
	}
	return r.stop(brokerEnded(sidecar.StageWrite, err))
}

// large sends a request that fits no buffer: what there is of it, with all that is
// before it, and then the rest as it comes.
func (r *relay) large(total int) bool {
	a := r.a
	left := total - (a.w - r.at)
	r.at = a.w
	if !r.flush() {
		return false
	}
	r.restless()
	left, ok := r.splice(left)
	for ok && left > 0 {
		a.hold()
		if ok = r.readRest(left); ok {
			left -= a.w
			r.at = a.w
			ok = r.flush()
			r.moved()
		}
	}
	r.since = 0
	return ok
}

// restless notes that the owner is in the middle of a request from here on.
func (r *relay) restless() {
	r.moved()
	r.x.Moved(r.since)
}

// moved puts off the time at which the rest of a request is overdue.
func (r *relay) moved() { r.since = r.x.Now() }

// readRest waits for bytes of a request's rest, which is left bytes long.
func (r *relay) readRest(left int) bool {
	a := r.a
	for {
		var n int
		var err error
		ready := r.x.Block(readSide{r.client})
		if ready {
			n, err = r.client.Read(a.in[:min(left, len(a.in))])
		}
		cause := r.x.Unblock()
		switch {
		case n > 0:
			a.r, a.w = 0, n
			r.moved()
			return cause == sidecar.NoCause || r.woken(cause)
		case ready && err != nil && err != sock.ErrWoken:
			return r.left(err, true)
		case !r.woken(cause):
			return false
		}
	}
}

// splice brings the rest of a request across by reference, or as much of it as the
// system is willing to.
func (r *relay) splice(left int) (int, bool) {
	p := r.a.srv.pipe(r.client, r.broker, left)
	if p == nil {
		return left, true
	}
	defer r.a.srv.params.Pipes.Put(p)
	r.a.free()
	for left > 0 {
		var n int
		var err error
		ready := r.x.Block(readSide{r.client})
		if ready {
			n, err = r.client.SpliceIn(p, left)
			left -= n
		}
		cause := r.x.Unblock()
		switch {
		case err == sock.ErrNoSplice:
			return left, cause == sidecar.NoCause || r.woken(cause)
		case ready && err != nil && err != sock.ErrWoken:
			return left, r.left(err, true)
		case (cause != sidecar.NoCause || err != nil) && !r.woken(cause):
			return left, false
		}
		if n > 0 { // an alarm alone moves nothing, and may come more often than the limit
			r.moved()
		}
		if p.Held() > 0 && !r.pour(p) {
			return left, false
		}
	}
	return 0, true
}

// pour writes what is in the pipe to the broker, at its pace.
func (r *relay) pour(p *sock.Pipe) bool {
	n, err := r.broker.TrySpliceOut(p)
	r.sent(n)
	r.sends = true
	defer r.sentAll()
	r.moved()
	for err == sock.ErrAgain || err == sock.ErrWoken {
		ready := r.x.Block(writeSide{r.broker})
		if ready {
			if n, err = r.broker.SpliceOut(p); n > 0 {
				r.moved()
			}
			r.sent(n)
		}
		cause := r.x.Unblock()
		if (cause != sidecar.NoCause || err == sock.ErrWoken) && !r.woken(cause) {
			return false
		}
	}
	if err != nil {
		return r.unsendable(err)
	}
	return true
}

func (r *relay) sentAll() { r.sends = false }

// pipe is an empty pipe for left bytes from one connection to the other, nil if
// they are better copied.
func (s *Server) pipe(from, to *sock.Conn, left int) *sock.Pipe {
	pipes := s.params.Pipes
	if pipes == nil || left < sock.MinSplice || !from.CanSplice() || !to.CanSplice() {
		return nil
	}
	p, err := pipes.Get()
	if err != nil {
		return nil
	}
	return p
}
