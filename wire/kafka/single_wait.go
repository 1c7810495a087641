package kafka

import (
	"time"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/patience"
)

// waiter is one direction of a client's connection: an exchange with nobody, for
// its times and for being woken.
type waiter struct {
	x      sidecar.Exchange
	alarms sock.Alarms
}

// begin starts a wait that ends after limit without a byte, and forgets what ended
// earlier ones. What else ends it is looked at behind this.
func (w *waiter) begin(limit time.Duration) {
	now := sidecar.Now()
	w.x.Begin(nil, &w.alarms, now)
	w.x.SetStall(int64(limit))
	w.x.Moved(now)
}

// read waits for bytes. sock.ErrWoken: the wait was ended.
func (w *waiter) read(c *sock.Conn, b []byte) (n int, err error) {
	w.x.Moved(w.x.Now())
	if !w.x.Block(readSide{c}) {
		w.x.Unblock()
		return 0, sock.ErrWoken
	}
	n, err = c.Read(b)
	if w.x.Unblock() != sidecar.NoCause {
		c.RearmRead()
	}
	return n, err
}

// await waits for bytes without taking any.
func (w *waiter) await(c *sock.Conn) error {
	if !c.Raw() {
		return nil
	}
	if !w.x.Block(readSide{c}) {
		w.x.Unblock()
		return sock.ErrWoken
	}
	err := c.WaitRead()
	if w.x.Unblock() != sidecar.NoCause {
		c.RearmRead()
	}
	return err
}

// write writes all of b at the pace of who reads it.
func (w *waiter) write(c *sock.Conn, b []byte) error {
	for len(b) > 0 {
		w.x.Moved(w.x.Now())
		if !w.x.Block(writeSide{c}) {
			w.x.Unblock()
			return sock.ErrWoken
		}
		n, err := c.Write(b[:min(len(b), patience.MaxPiece)], nil)
		if w.x.Unblock() != sidecar.NoCause {
			c.RearmWrite()
		}
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}
