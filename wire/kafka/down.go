package kafka

import (
	"io"
	"sync/atomic"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/patience"
)

// down brings a broker's answers to the client, on a goroutine of its own that the
// session's owner joins.
type down struct {
	r      *relay
	buf    []byte // bytes from the broker; buf[r0:w] are not used yet; nil: none
	r0, w  int
	at     int    // behind the answers that are to be given on
	ready  uint64 // how many these are
	now    int64  // when the last bytes came
	waited int64  // for them, from when others had come before
	out    []byte // what an answer was rewritten to
	walk   Walker
	asked                 // what is answered by the answer at hand
	fault  *sidecar.Fault // why it ended, nil: the broker did, in good order
	in     int64          // bytes from the broker
	torn   bool           // half an answer has come
	done   chan struct{}
	ended  atomic.Bool  // before the owner is woken
	stops  atomic.Bool  // the owner wants it to end
	since  atomic.Int64 // since when it waits for the rest of an answer to come or go, 0: it does not
	writes atomic.Bool  // to go
	said   atomic.Int64 // when the broker last said something
}

func (d *down) begin(now int64) {
	d.r0, d.w, d.at, d.ready, d.now, d.waited = 0, 0, 0, 0, now, warmTime
	d.fault, d.torn = nil, false
	d.ended.Store(false)
	d.stops.Store(false)
	d.writes.Store(false)
	d.since.Store(0)
	d.said.Store(now)
}

// asked is the request of an answer, for who is told of that.
type asked struct {
	key, version int16
	started      int64
}

// failed tells whether it has ended for a fault.
func (d *down) failed() bool { return d.ended.Load() && d.fault != nil }

// run gives answers on until one of the two ends.
func (d *down) run() {
	for d.pass() && d.more() {
	}
	d.free()
	if cap(d.out) > sock.LargeBuffer {
		d.out = nil
	}
	d.ended.Store(true)
	d.r.client.WakeRead()
	d.r.broker.WakeWrite()
	d.r.flight.bell.Wake()
	d.done <- struct{}{}
}

// stop ends it. It is always false: no step follows.
func (d *down) stop(f *sidecar.Fault) bool {
	if !d.stops.Load() {
		d.fault = f
	}
	return false
}

func (d *down) hold() {
	if d.buf == nil {
		d.buf, d.r0, d.w, d.at = d.r.a.srv.params.Buffers.Large(), 0, 0, 0
	}
}

func (d *down) free() {
	if d.buf != nil {
		d.r.a.srv.params.Buffers.Put(d.buf)
	}
	d.buf, d.r0, d.w, d.at = nil, 0, 0, 0
}

// keptOut is how many bytes a silent session keeps for rewriting answers: there are
// thousands of such sessions, and most ask for metadata once in minutes.
const keptOut = 4 << 10

// more waits until more has come from the broker.
func (d *down) more() bool {
	mid := d.r0 < d.w
	d.torn = mid
	switch {
	case mid:
		d.makeRoom()
	case !d.r.broker.Raw():
	case d.r.a.srv.warm.keep(d.waited):
		defer d.r.a.srv.warm.leave()
	default:
		d.free()
		if cap(d.out) > keptOut {
			d.out = nil
		}
		if err := d.r.broker.WaitRead(); err != nil {
			return d.left(err, false)
		}
	}
	d.hold()
	n, err := d.read(d.buf[d.w:], mid)
	d.w += n
	if n == 0 && err != nil {
		return d.left(err, mid)
	}
	return true
}

// makeRoom brings what is not used to the buffer's front.
func (d *down) makeRoom() {
	if d.r0 > 0 {
		d.w = copy(d.buf, d.buf[d.r0:d.w])
		d.at -= d.r0
		d.r0 = 0
	}
}

// read reads from the broker. mid: it is in the middle of an answer, and may not be
// silent.
func (d *down) read(p []byte, mid bool) (int, error) {
	if mid {
		d.waits(false)
	}
	n, err := d.r.broker.Read(p)
	d.came(n)
	if mid {
		d.since.Store(0)
	}
	return n, err
}

// came notes n bytes from the broker.
func (d *down) came(n int) {
	now := sidecar.Now()
	d.now, d.waited = now, now-d.now
	d.in += int64(n)
	d.said.Store(d.now)
}

// waits notes that the helper is in the middle of an answer from now on, and waits
// for the broker, or for the client to take it.
func (d *down) waits(writes bool) {
	now := sidecar.Now()
	d.writes.Store(writes)
	d.since.Store(now)
	d.r.x.Moved(now)
}

// left deals with the end of the broker.
func (d *down) left(err error, mid bool) bool {
	if err == sock.ErrWoken && d.stops.Load() {
		return false
	}
	if !mid && !sock.IsReset(err) && d.r.flight.len() == 0 {
		return false
	}
	if e := d.r.flight.at(d.ready); err == io.EOF && !mid && e != nil {
		err = hungUp(e.key, d.r.conn)
	}
	return d.stop(brokerEnded(sidecar.StageRead, err))
}

// give writes a and then b to the client, at its pace.
func (d *down) give(a, b []byte) bool {
	d.r.a.srv.stats.Out.Add(uint64(len(a) + len(b)))
	n, err := d.r.client.TryWrite(a, b)
	if err == nil {
		return true
	}
	for err == sock.ErrAgain || err == nil {
		k := min(n, len(a))
		a, b = a[k:], b[n-k:]
		if len(a) == 0 {
			a, b = b, nil
		}
		if len(a) == 0 {
			d.since.Store(0)
			return true
		}
		d.waits(true)
		n, err = d.r.client.Write(a[:min(len(a), patience.MaxPiece)], nil)
	}
	if err == sock.ErrWoken && d.stops.Load() {
		d.torn = true
		return false
	}
	return d.stop(clientEnded(err))
}

// flush gives on what is behind d.r0 and before d.at, and extra behind it.
func (d *down) flush(extra []byte) bool {
	if d.r0 == d.at && len(extra) == 0 {
		return true
	}
	if !d.give(d.buf[d.r0:d.at], extra) {
		return false
	}
	d.r0 = d.at
	d.answered()
	return true
}

// answered takes off the requests whose answers have gone out.
func (d *down) answered() {
	d.r.flight.answered(d.ready)
	d.ready = 0
}
