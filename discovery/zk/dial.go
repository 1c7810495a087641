package zk

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// minAnswer and maxHello bound the first packet of a server: 37 bytes, a
	// few more from some. The library would take memory for whatever number
	// stands there, and "HTTP" read as one is 1.2 GB.
	minAnswer = 16
	maxHello  = 4 << 10
	// minPause and maxPause bound the wait before a dial, which grows with the
	// failures in a row and is drawn anew each time: all sidecars lose a
	// restarted ensemble at the same moment. Longer waits would cost sessions
	// that could have been kept.
	minPause = 100 * time.Millisecond
	maxPause = 2 * time.Second
	// rearmWait is how long the first answer on a new connection is kept back
	// for the library's request to set watches again.
	rearmWait = time.Second
	// opSetWatches is that request's number in the protocol.
	opSetWatches = 101
)

// dialer makes the library's connections: with TLS if asked for, with bounds
// that the library lacks, and with the reason of a failure kept.
type dialer struct {
	tls      func() (*tls.Config, error)
	patience time.Duration // for any one answer
	quit     chan struct{}
	failed   func(error)
	watched  atomic.Bool // there may be watches to set again

	mu     sync.Mutex
	now    net.Conn // the present one
	ended  bool
	rounds int // failures since the last success
}

var errEnded = errors.New("the connection is being closed")

func (d *dialer) dial(network, address string, timeout time.Duration) (net.Conn, error) {
	if err := d.pause(); err != nil {
		return nil, err
	}
	c, err := d.connect(network, address, timeout)
	if err != nil {
		err = fmt.Errorf("cannot connect to %s: %w", address, err)
		d.failed(err)
		d.mu.Lock()
		d.rounds++
		d.mu.Unlock()
		return nil, err
	}
	b := &bounded{Conn: c, d: d, address: address}
	if d.watched.Load() {
		b.rearmed = make(chan struct{})
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		c.Close()
		return nil, errEnded
	}
	if d.now != nil {
		d.now.Close() // after an expired session the library forgets to
	}
	d.now = b
	return b, nil
}

// connect dials, and shakes hands for TLS.
func (d *dialer) connect(network, address string, timeout time.Duration) (net.Conn, error) {
	var config *tls.Config
	if d.tls != nil {
		var err error
		if config, err = d.tls(); err != nil {
			return nil, err
		}
		if config.ServerName == "" {
			config.ServerName, _, _ = net.SplitHostPort(address)
		}
	}
	c, err := net.DialTimeout(network, address, timeout)
	if err != nil || config == nil {
		return c, err
	}
	t := tls.Client(c, config)
	_ = c.SetDeadline(time.Now().Add(d.patience))
	if err := t.Handshake(); err != nil {
		c.Close()
		return nil, err
	}
	_ = c.SetDeadline(time.Time{})
	return t, nil
}

// pause waits before a dial, the longer the more have failed in a row.
func (d *dialer) pause() error {
	d.mu.Lock()
	rounds, ended := d.rounds, d.ended
	d.mu.Unlock()
	if ended {
		return errEnded
	}
	if rounds == 0 {
		return nil
	}
	t := time.NewTimer(rand.N(min(minPause<<min(rounds, 16), maxPause)))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-d.quit:
		return errEnded
	}
}

// cut ends the present connection; the library makes another.
func (d *dialer) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rounds++
	if d.now != nil {
		d.now.Close()
	}
}

// end ends the present connection and allows no other.
func (d *dialer) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = true
	if d.now != nil {
		d.now.Close()
	}
}

// bounded is a connection on which no read waits for ever, and no length from
// the wire is believed that cannot be one.
type bounded struct {
	net.Conn
	d       *dialer
	address string
	head    [4]byte // of the packet that begins
	got     int     // how much of it has come
	rest    int     // bytes of the packet that are still to come
	greeted bool    // the first packet is over
	// rearmed is closed when watches are being set again; nil if none are, and
	// once it has been waited for.
	rearmed chan struct{}
	once    sync.Once
}

// Write looks for the request that sets watches again, which the library writes
// in one call like every other.
func (b *bounded) Write(p []byte) (int, error) {
	if b.greeted && len(p) >= 12 && binary.BigEndian.Uint32(p[8:]) == opSetWatches {
		b.once.Do(func() { b.release() })
	}
	return b.Conn.Write(p)
}

func (b *bounded) release() {
	b.d.mu.Lock()
	defer b.d.mu.Unlock()
	if b.rearmed != nil {
		close(b.rearmed)
	}
}

// await keeps the first answer back until watches are being set again: the
// library asks for events since the last transaction that it has seen, which
// it reads without a lock while answers may already move it on. Whatever had
// changed in between would never be told.
func (b *bounded) await() {
	b.d.mu.Lock()
	rearmed := b.rearmed
	b.d.mu.Unlock()
	if rearmed == nil {
		return
	}
	t := time.NewTimer(rearmWait)
	defer t.Stop()
	select {
	case <-rearmed:
	case <-t.C:
	case <-b.d.quit:
	}
	b.d.mu.Lock()
	b.rearmed = nil
	b.d.mu.Unlock()
}

// SetReadDeadline never takes a deadline off or sets a far one: the library
// waits for a server's first answer without end.
func (b *bounded) SetReadDeadline(t time.Time) error {
	most := time.Now().Add(b.d.patience)
	if t.IsZero() || t.After(most) {
		t = most
	}
	return b.Conn.SetReadDeadline(t)
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.greeted {
		b.await()
	}
	n, err := b.Conn.Read(p)
	if bad := b.follow(p[:n]); bad != nil {
		b.d.failed(fmt.Errorf("%s: %w", b.address, bad))
		return 0, bad
	}
	if err != nil && !b.greeted {
		b.d.failed(fmt.Errorf("%s does not greet as a ZooKeeper server that serves: %w", b.address, err))
	}
	return n, err
}

// follow follows the packets' frames: four bytes of length, then as many.
func (b *bounded) follow(p []byte) error {
	for len(p) > 0 {
		if b.rest > 0 {
			n := min(b.rest, len(p))
			p, b.rest = p[n:], b.rest-n
			if b.rest == 0 && !b.greeted {
				b.greet()
			}
			continue
		}
		n := copy(b.head[b.got:], p)
		p, b.got = p[n:], b.got+n
		if b.got < len(b.head) {
			return nil
		}
		b.got = 0
		length, most := binary.BigEndian.Uint32(b.head[:]), uint32(maxPacket)
		if !b.greeted {
			most = maxHello
		}
		switch {
		case length < minAnswer || length > most && !b.greeted:
			return fmt.Errorf("%q is not the beginning of a ZooKeeper server's answer: correct the port", b.head[:])
		case length > most:
			return fmt.Errorf("an answer of %d bytes, more than the limit of %d: the path has too many children", length, most)
		}
		b.rest = int(length)
	}
	return nil
}

func (b *bounded) greet() {
	b.greeted = true
	b.d.mu.Lock()
	b.d.rounds = 0
	b.d.mu.Unlock()
}
