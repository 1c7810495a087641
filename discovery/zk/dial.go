package zk

import (
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// minPause and maxPause bound the wait before a dial, which grows with the
	// failures in a row and is drawn anew each time: all sidecars lose a
	// restarted ensemble at the same moment. Longer waits would cost sessions
	// that could have been kept.
	minPause = 100 * time.Millisecond
	maxPause = 2 * time.Second
	// steady is how long a connection lives that was not for nothing: before,
	// its end counts as a failure. A server that greets and then closes would
	// else be come to without a pause.
	steady = 5 * time.Second
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
	began  time.Time
	ended  bool
	rounds int       // failures since one that was steady
	heard  time.Time // when a server last greeted, or the first dial
}

var errEnded = errors.New("the connection is being closed")

func (d *dialer) dial(network, address string, timeout time.Duration) (net.Conn, error) {
	d.over()
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
	b := newBounded(c, d, address)
	if d.watched.Load() {
		b.rearmed = make(chan struct{})
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		c.Close()
		return nil, errEnded
	}
	d.now, d.began = b, time.Now()
	return b, nil
}

// over ends the connection before, which the library forgets to close after an
// expired session, and judges it.
func (d *dialer) over() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.heard.IsZero() {
		d.heard = time.Now()
	}
	if d.now == nil {
		return
	}
	d.now.Close()
	d.now = nil
	if d.rounds++; time.Since(d.began) >= steady {
		d.rounds = 0
	}
}

// greeted notes that a server has greeted.
func (d *dialer) greeted() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.heard = time.Now()
}

// silent tells whether no server has greeted for so long that no session can
// have been kept.
func (d *dialer) silent() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Since(d.heard) > d.patience
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
		return nil, fmt.Errorf("TLS: %w: correct the port, or tls in [zookeeper.NAME]", err)
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
