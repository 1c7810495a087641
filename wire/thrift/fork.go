package thrift

import (
	"sync"

	"sidecar"
	"sidecar/sock"
)

// Forks are the second senders of calls, pooled.
type Forks struct{ pool sync.Pool }

// NewForks makes an empty pool; the times of its exchanges are armed on the
// wheel.
func NewForks(wheel *sock.Wheel) *Forks {
	f := &Forks{}
	f.pool.New = func() any {
		k := new(fork)
		k.alarms.Init(wheel, k)
		return k
	}
	return f
}

// fork is the second sender of a call: an exchange with a view of the call. What
// it reads of the reply is its connection's. Whoever commits hands the reply to
// the one Replier; the other never calls it.
type fork struct {
	x      sidecar.Exchange
	alarms sock.Alarms
	call   Call
}

// Expire passes an alarm on to the exchange.
func (f *fork) Expire(which uint8, mark uint64) { f.x.Expire(which, mark) }

// Hedged lets c have second senders out of forks; without, it has none.
func (c *Call) Hedged(forks *Forks) { c.forks = forks }

// Share readies the call to be sent by two at once, see sidecar.Forker.
func (c *Call) Share(*sidecar.Exchange) bool {
	return c.forks != nil && !c.posted && !c.silent()
}

// Fork makes the second sender, see sidecar.Forker.
func (c *Call) Fork() *sidecar.Exchange {
	f := c.forks.pool.Get().(*fork)
	f.call = Call{
		Encoding: c.Encoding, Head: c.Head, Payload: c.Payload, Frame: c.Frame,
		Info: c.Info, Replies: c.Replies, Client: c.Client,
	}
	c.second = f
	f.x.Begin(&f.call, &f.alarms, sidecar.Now())
	return &f.x
}

// Join takes over what became of the fork, see sidecar.Forker.
func (c *Call) Join(x *sidecar.Exchange) {
	f := c.second
	if x.Replied() != 0 {
		c.class = f.call.class
	}
	x.End()
	f.call = Call{}
	c.second = nil
	c.forks.pool.Put(f)
}
