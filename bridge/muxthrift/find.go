package muxthrift

import (
	"sync/atomic"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/patience"
)

// look is what finding out needs. It is pooled.
type look struct {
	x      sidecar.Exchange
	alarms sock.Alarms
	nudged atomic.Bool // a drain wants to be looked at
	b      [SniffBytes]byte
}

// find waits until the client has said what it is, and takes none of it.
// Unknown: it has ended, or it is time to; idle: it has said nothing yet and can
// be parked.
func (cl *Client) find() (kind Kind, idle bool) {
	l := cl.srv.looks.Get().(*look)
	l.x.Begin(nil, &l.alarms, sidecar.Now())
	l.nudged.Store(false)
	cl.mu.Lock()
	cl.look = l
	cl.mu.Unlock()
	defer func() {
		cl.mu.Lock()
		cl.look = nil
		cl.mu.Unlock()
		l.x.End()
		cl.srv.looks.Put(l)
	}()
	set := cl.srv.set.Load()
	began, have := l.x.Now(), 0
	for {
		limit, parks := set.IdleTimeout, false
		switch {
		case have > 0:
			limit = set.HeaderTimeout
		case cl.srv.draining.Load():
			limit = min(limit, patience.DrainIdle)
		case set.ParkAfter > 0 && set.ParkAfter < limit && cl.c.Raw():
			limit, parks = set.ParkAfter, true
		}
		n, woken, err := cl.peek(l, have, began+int64(limit)-l.x.Now())
		switch {
		case err != nil || cl.over():
			return Unknown, false
		case woken && l.x.Now() < began+int64(limit):
			continue // a drain: with other limits
		case woken && have > 0:
			return Thrift, false
		case woken:
			return Unknown, parks
		}
		if kind := Sniff(l.b[:n]); kind != Unknown {
			return kind, false
		}
		if have == 0 {
			began = l.x.Now()
		}
		have = n
	}
}

// over tells whether the grace is.
func (cl *Client) over() bool {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	return cl.hard
}

// peek waits, at most for limit, until there is more than have bytes. woken:
// nothing more has come.
func (cl *Client) peek(l *look, have int, limit int64) (n int, woken bool, err error) {
	now := l.x.Now()
	l.x.Begin(nil, &l.alarms, now)
	l.x.SetStall(max(limit, 1))
	l.x.Moved(now)
	if l.nudged.Swap(false) {
		return 0, true, nil
	}
	if l.x.Block(cl.c) {
		n, err = cl.c.Peek(l.b[:], have)
	}
	if l.x.Unblock() != sidecar.NoCause {
		cl.c.Rearm()
		l.nudged.Store(false)
		if n == 0 {
			return 0, true, nil
		}
	}
	return n, false, err
}

// notHTTP is the answer to who takes the port for one of HTTP.
const notHTTP = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nX-Sidecar-Reason: bad_request\r\nConnection: close\r\nContent-Length: 99\r\n\r\n" +
	"sidecar: bad_request: this port speaks Thrift and ThriftMux, not HTTP: see the listener's protocol\n"

// refuseHTTP answers an HTTP request. What has come of it is taken first: with
// unread bytes the close would be a reset, and the answer would be lost.
func (cl *Client) refuseHTTP() {
	defer cl.c.Close()
	var drop [sock.SmallBuffer]byte
	if cl.c.Raw() {
		_, _ = cl.c.TryRead(drop[:])
	} else {
		_, _ = cl.c.Read(drop[:]) // what Peek has kept
	}
	if _, err := cl.c.Write([]byte(notHTTP), nil); err == nil { // a new socket's buffer takes it whole
		_ = cl.c.CloseWrite()
	}
}
