package thrift

import (
	"sidecar"
	"sidecar/sock"
)

// turn is one exchange of a client's connection, from the call to its reply, and
// used again. A connection has one, or with replies in any order several.
type turn struct {
	srv    *Server
	cl     *Client
	x      sidecar.Exchange
	alarms sock.Alarms
	call   Call
	gate   *gate // nil: nobody else writes to the client
	pass   pass
	wrote  int64 // bytes of the reply that have gone to the client
	head   [FrameHead]byte
	out    scratch // a reply that is not passed on as it came
	plain  scratch // a call's payload, where it came transformed
}

// take makes the call that b is the turn's; false and a problem if it is none.
func (t *turn) take(b []byte, set *Settings) *Problem {
	m := parcel{Encoding: t.cl.enc}
	p := m.read(b, set.MaxFrame, t.srv.means, &t.plain)
	switch {
	case p != nil:
		return p
	case m.Head.Type != CallType && m.Head.Type != OnewayType:
		return errNoCall
	case m.Encoding.Transport == Header && !set.Speaks.allows(m.Encoding.Protocol):
		return errOtherProtocol
	}
	if p := m.alone(); p != nil {
		return p
	}
	c := &t.call
	c.Begin()
	c.Encoding, c.Head, c.Payload, c.Frame, c.Info = m.Encoding, m.Head, m.Payload, m.Frame, m.Info
	c.Client, c.Replies = t.cl.ip, t
	return nil
}

// begin starts the exchange of a call whose first byte came at first and whose
// last one at now.
func (t *turn) begin(first, now int64) {
	t.x.Begin(&t.call, &t.alarms, now)
	t.x.Received = first
	t.cutOff()
	t.wrote = 0
	t.x.Asked = t.asked()
	t.x.RequestDone(now)
}

// end ends the exchange, and tells its caller of an error. It reports whether the
// connection goes on.
func (t *turn) end(err error) (keep bool) {
	silent, attempts := t.call.silent(), t.x.Tries.Len()
	t.x.End()
	keep = true
	switch {
	case err == nil || silent: // whose caller waits for nothing
	case t.wrote > 0:
		keep = false // it had begun; its frame will be missed
	default:
		keep = t.fail(sidecar.FaultOf(err), attempts)
	}
	t.free()
	t.srv.stats.Out.Add(uint64(t.wrote))
	return keep
}

// free gives back what an exchange held.
func (t *turn) free() {
	t.out.give(t.srv.means)
	t.plain.give(t.srv.means)
	t.call.Payload, t.call.Frame, t.call.Info, t.call.Client = nil, nil, nil, nil
}

// cutOff interrupts what has just begun if the grace is over. Drain sets hard
// and then looks which generation is the present one; here it is the other way
// round, so that one of the two sees the other and nothing begins unnoticed
// between two calls: the process would wait for its reply.
func (t *turn) cutOff() {
	if t.cl.hard.Load() {
		t.x.Interrupt(t.x.Gen(), sidecar.Draining)
	}
}

// asked is how long the caller waits, as its fields say; 0 if they do not.
func (t *turn) asked() int64 {
	ns, ok := infoTimeout(t.call.Info)
	if !ok {
		t.srv.stats.misasked.Inc()
	}
	return ns
}

// fail tells a fault to the client as an exception. It reports whether the
// connection goes on.
func (t *turn) fail(f *sidecar.Fault, attempts int) bool {
	if f.Reason == sidecar.ClientLeft {
		return false
	}
	m := parcel{Encoding: t.call.Encoding, Head: t.call.Head, Payload: t.call.Payload}
	return t.say(t.exception(f, &m, attempts))
}

// say writes a reply of the sidecar's own. It reports whether it has gone.
func (t *turn) say(b []byte) bool {
	now := t.x.Now()
	t.x.Begin(nil, &t.alarms, now)
	t.x.SetStall(int64(t.srv.set.Load().HeaderTimeout))
	t.x.Moved(now)
	f := t.write(&t.x, b, nil)
	t.x.End()
	return f == nil
}
