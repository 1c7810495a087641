package kafka

import (
	"sidecar"
	"sidecar/sock"
)

// pass gives on the answers at hand, several in one write where they go out as they
// came. What is left behind them is the beginning of one that fits the buffer.
func (d *down) pass() bool {
	d.at = d.r0
	for d.at < d.w {
		b := d.buf[d.at:d.w]
		size, correlation, p := ParseAnswerHead(b)
		if p == More {
			break
		}
		if p != nil {
			return d.wrong(p)
		}
		e := d.r.flight.at(d.ready)
		if e == nil || e.correlation != correlation {
			return d.wrong(errStray)
		}
		total := SizeLen + size
		if total > len(b) {
			if total <= len(d.buf) {
				break
			}
			if !d.large(e, total) {
				return false
			}
			continue
		}
		if !d.small(e, b[:total]) {
			return false
		}
	}
	return d.flush(nil)
}

// wrong ends the session for an answer that is none. What came before it goes out.
func (d *down) wrong(p *Problem) bool {
	return d.flush(nil) && d.stop(badAnswer(p))
}

// treatment is what becomes of the answer to e.
func treatment(e *awaited) Treatment {
	if api := Of(e.key); api != nil {
		return api.Treatment(e.version)
	}
	return Pass
}

// small takes an answer that is whole in the buffer.
func (d *down) small(e *awaited, frame []byte) bool {
	total := len(frame)
	d.count(e, total)
	changed, p := d.rewrite(e, frame)
	if p != nil {
		return d.wrong(p)
	}
	d.ready++
	if !changed {
		d.at += total
		return true
	}
	if !d.flush(d.out) {
		return false
	}
	d.r0 += total
	d.at = d.r0
	d.answered()
	return true
}

// rewrite tells who counts what an answer says that is whole, and rewrites it. Of one
// that is changed d.out is what clients are to be given.
func (d *down) rewrite(e *awaited, frame []byte) (changed bool, p *Problem) {
	set := d.r.set
	if names := d.walk.Look(e.key, e.version, frame); !names && e.key != KeyAPIVersions {
		return false, nil
	}
	if e.key == KeyMetadata {
		d.walk.Topics(e.version, frame, maxTopics, d.r.a.srv.stats)
	}
	switch e.key {
	case KeyAPIVersions:
		d.out, p = set.hiding.Versions(d.out[:0], e.version, frame)
		return true, p
	case KeyMetadata, KeyFindCoordinator, KeyDescribeCluster:
		d.out, changed, p = Rewrite(d.out[:0], e.key, e.version, frame, d.r.a.srv.params.Places)
	default:
		d.out, changed, p = Rewrite(d.out[:0], e.key, e.version, frame, set.hints)
		if changed {
			d.r.a.srv.stats.hinted(set.Hints != RewriteHints)
		}
	}
	return changed, p
}

// count tells those who count of an answer, whose head has come.
func (d *down) count(e *awaited, size int) {
	d.asked = asked{e.key, e.version, e.started}
	d.r.a.srv.stats.answered(e.key, d.now-e.started)
	if api := Of(e.key); api != nil && api.Long {
		return // its time is what others took
	}
	d.r.x.Observe(d.r.x.Op, sidecar.Outcome{
		Class: sidecar.Success, Duration: d.now - e.started, Out: int64(e.size), In: int64(size),
	})
}

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
	left := total - (d.w - d.at)
	skip, p := d.walk.Take(d.buf[d.at+AnswerHead : d.w])
	for p == nil {
		if left == 0 && !d.walk.Whole() {
			p = errAnswer
			break
		}
		d.at = d.w
		if !d.flush(nil) {
			return false
		}
		if skip = min(skip, left); skip > 0 && !d.stream(skip) {
			return false
		}
		if left -= skip; left == 0 {
			break
		}
		d.hold()
		n, err := d.read(d.buf[:min(left, len(d.buf))], true)
		if n == 0 && err != nil {
			return d.left(err, true)
		}
		d.r0, d.w, d.at = 0, n, 0
		left -= n
		skip, p = d.walk.Take(d.buf[:n])
	}
	if p != nil {
		return d.wrong(p)
	}
	if d.walk.Hinted {
		d.r.a.srv.stats.hinted(true)
	}
	d.ready++
	d.answered()
	return true
}

// gather holds an answer until it is whole, and rewrites it. Its buffer grows with
// what has come: a length is easily said.
func (d *down) gather(e *awaited, total int) bool {
	params := &d.r.a.srv.params
	if total > d.r.set.Held {
		return d.stop(tooLarge(&Problem{text: "an answer to " + NameOf(e.key) + " is larger than max_held allows"}))
	}
	if !d.flush(nil) {
		return false
	}
	var held []byte
	defer func() {
		if held != nil {
			params.Room.Give(params.Buffers, held)
		}
	}()
	n := 0
	for n < total {
		if n == len(held) {
			more := params.Room.Take(params.Buffers, min(total, max(2*len(held), 2*sock.LargeBuffer)))
			if more == nil {
				return d.stop(tooLarge(errNoRoom))
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
			return d.left(err, true)
		}
		n += k
	}
	d.r0, d.w, d.at = 0, 0, 0
	changed, p := d.rewrite(e, held[:total])
	if p != nil {
		return d.stop(badAnswer(p))
	}
	if !changed {
		d.out = append(d.out[:0], held[:total]...)
	}
	if !d.give(d.out, nil) {
		return false
	}
	d.ready++
	d.answered()
	return true
}
