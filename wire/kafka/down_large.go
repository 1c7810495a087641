package kafka

import "sidecar/sock"

// large takes an answer that fits no buffer.
func (d *down) large(e *awaited, total int) bool {
	d.count(e, total)
	d.torn = true
	var ok bool
	switch treatment(e) {
	case Whole:
		ok = d.gather(e, total)
	case Walked:
		ok = d.walked(e, total)
	default:
		ok = d.passed(total)
	}
	if ok {
		d.torn = false
	}
	return ok
}

// passed gives on an answer as it comes.
func (d *down) passed(total int) bool {
	left := total - (d.w - d.at)
	d.at = d.w
	if !d.flush(nil) || !d.stream(left) {
		return false
	}
	d.ready++
	d.answered()
	return true
}

// stream gives left bytes on as they come, and d.buf is used up.
func (d *down) stream(left int) bool {
	left, ok := d.splice(left)
	for ok && left > 0 {
		d.hold()
		n, err := d.read(d.buf[:min(left, len(d.buf))], true)
		if n == 0 && err != nil {
			return d.left(err, true)
		}
		left -= n
		ok = d.give(d.buf[:n], nil)
	}
	d.r0, d.w, d.at = 0, 0, 0
	return ok
}

// splice brings left bytes across by reference, or as many of them as the system is
// willing to.
func (d *down) splice(left int) (int, bool) {
	p := d.r.a.srv.pipe(d.r.broker, d.r.client, left)
	if p == nil {
		return left, true
	}
	defer d.r.a.srv.params.Pipes.Put(p)
	for left > 0 {
		d.waits(false)
		n, err := d.r.broker.SpliceIn(p, left)
		if err == sock.ErrNoSplice {
			break
		}
		d.came(n)
		left -= n
		if err != nil {
			return left, d.left(err, true)
		}
		if !d.pour(p) {
			return left, false
		}
	}
	d.since.Store(0)
	return left, true
}

// pour writes what is in the pipe to the client, at its pace.
func (d *down) pour(p *sock.Pipe) bool {
	d.r.a.srv.stats.Out.Add(uint64(p.Held()))
	_, err := d.r.client.TrySpliceOut(p)
	if err == sock.ErrAgain {
		d.waits(true)
		_, err = d.r.client.SpliceOut(p)
	}
	if err == nil || err == sock.ErrWoken && d.stops.Load() {
		return err == nil
	}
	return d.stop(clientEnded(err))
}

// walked gives on an answer to Fetch as it comes, without what of it says where
// brokers are.
func (d *down) walked(e *awaited, total int) bool {
	d.walk.Begin(e.key, e.version, total-AnswerHead)
	w := walk{left: total - (d.w - d.at)}
	w.skip, w.p = d.walk.Take(d.buf[d.at+AnswerHead : d.w])
	for {
		if w.p == nil && w.left == 0 && !d.walk.Whole() {
			w.p = errAnswer
		}
		if w.p != nil {
			return d.wrong(w.p)
		}
		d.at = d.w
		if !d.flush(nil) {
			return false
		}
		if w.left == 0 {
			break
		}
		if !d.walkOn(&w) {
			return false
		}
	}
	if d.walk.Hinted {
		d.r.a.srv.stats.hinted(true)
	}
	d.ready++
	d.answered()
	return true
}

// walk is how far an answer has come that passes.
type walk struct {
	left int // bytes that are to come
	skip int // the first of them that need not be looked at
	p    *Problem
}

// walkOn reads more of an answer and walks through it, so that what is in the buffer
// can go out. Long records pass by reference.
func (d *down) walkOn(w *walk) bool {
	w.skip = min(w.skip, w.left)
	if w.skip >= sock.MinSplice {
		rest, ok := d.splice(w.skip)
		w.left -= w.skip - rest
		w.skip = rest
		if !ok || w.left == 0 {
			return ok
		}
	}
	d.hold()
	n, err := d.read(d.buf[:min(w.left, len(d.buf))], true)
	d.r0, d.w, d.at = 0, n, 0
	if n == 0 && err != nil {
		return d.left(err, true)
	}
	w.left -= n
	k := min(w.skip, n)
	if w.skip -= k; w.skip == 0 {
		w.skip, w.p = d.walk.Take(d.buf[k:n])
	}
	return true
}

// drop gives up what a large answer was rewritten to: clients ask for the like once
// in minutes, and their sessions last for days.
func (d *down) drop(out []byte) {
	if cap(out) > sock.LargeBuffer {
		d.r.a.srv.params.Room.Give(d.r.a.srv.params.Buffers, out)
		d.out = nil
	}
}

// gather holds an answer until it is whole, and rewrites it.
func (d *down) gather(e *awaited, total int) bool {
	params := &d.r.a.srv.params
	if total > d.r.set.Held {
		return d.stop(tooLarge(&Problem{text: "an answer to " + NameOf(e.key) + " is larger than max_held allows"}))
	}
	if !d.flush(nil) {
		return false
	}
	held, ok := d.collect(total)
	if held != nil {
		defer params.Room.Give(params.Buffers, held)
	}
	if !ok {
		return false
	}
	changed, p := d.rewrite(e, held[:total])
	if p != nil {
		return d.stop(badAnswer(p))
	}
	out := held[:total]
	if changed {
		out = d.out
		params.Room.Adopt(out)
		defer d.drop(out)
	}
	if !d.give(out, nil) {
		return false
	}
	d.ready++
	d.answered()
	return true
}

// collect brings an answer into one buffer, which grows with what has come: a length
// is easily said. What there is of a buffer is given back by the caller, even if the
// answer did not come whole.
func (d *down) collect(total int) (held []byte, ok bool) {
	params := &d.r.a.srv.params
	for n := 0; n < total; {
		if n == len(held) {
			more := params.Room.Take(params.Buffers, min(total, max(2*len(held), 2*sock.LargeBuffer)))
			if more == nil {
				return held, d.stop(tooLarge(errNoRoom))
			}
			copy(more, held[:n])
			if held != nil {
				params.Room.Give(params.Buffers, held)
			}
			held = more
			if n == 0 {
				n = copy(held, d.buf[d.r0:d.w])
			}
		}
		k, err := d.read(held[n:min(total, len(held))], true)
		if k == 0 && err != nil {
			return held, d.left(err, true)
		}
		n += k
	}
	d.r0, d.w, d.at = 0, 0, 0
	return held, true
}
