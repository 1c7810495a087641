package pool

import (
	"context"
	"time"

	"sidecar"
)

// dialOne is the life of a dial. It belongs to the pool and serves whoever is
// first in the queue when it ends: the departure of one client fails no dial
// that others wait for.
func (p *Exclusive) dialOne() {
	conn, fault := p.connect(p.ctx)
	_ = p.finish(conn, fault)
}

// Probe dials one connection and keeps it, for whoever wants to know whether
// the endpoint can be reached again. Waiters share its fate. ctx ends it early.
func (p *Exclusive) Probe(ctx context.Context) error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return gone()
	}
	return p.dialWithin(ctx)
}

// dialWithin dials one connection and keeps it; with the lock held, which it
// gives back.
func (p *Exclusive) dialWithin(ctx context.Context) error {
	p.dialing++
	p.note()
	p.mu.Unlock()
	both, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(p.ctx, cancel)
	conn, fault := p.connect(both)
	stop()
	cancel()
	if fault = p.finish(conn, fault); fault != nil {
		return fault
	}
	return nil
}

// connect dials within the connect timeout.
func (p *Exclusive) connect(ctx context.Context) (Conn, *sidecar.Fault) {
	return p.params.connect(ctx, p.settings.Load().ConnectTimeout)
}

func (p *Params) connect(ctx context.Context, most time.Duration) (Conn, *sidecar.Fault) {
	if most > 0 {
		timed, cancel := context.WithTimeout(ctx, most)
		defer cancel()
		ctx = timed
	}
	start := p.Now()
	conn, err := p.Dial(ctx)
	p.Metrics.Latency.Observe(p.Now() - start)
	if err == nil {
		p.Metrics.Connects.Inc()
		return conn, nil
	}
	fault := dialFault(err)
	if ctx.Err() != context.Canceled { // we ended it: it says nothing
		p.Metrics.Failed(fault.Reason)
	}
	return nil, fault
}

// finish ends a dial: its connection goes to the first who waits or is kept,
// its fault to the first who waits. Where nothing is left or under way that
// could serve the rest, they get it too, rather than fail one by one.
func (p *Exclusive) finish(conn Conn, fault *sidecar.Fault) *sidecar.Fault {
	now := p.params.Now()
	p.mu.Lock()
	p.dialing--
	if fault == nil && (p.closed || p.size >= p.high()) {
		p.note()
		closed := p.closed
		p.mu.Unlock()
		conn.Close()
		if closed {
			return gone()
		}
		return nil // a probe of a full pool, which has its answer
	}
	if fault == nil {
		p.size++
		p.give(&held{conn: conn, made: now}, now)
	} else if w := p.queue.pop(); w != nil {
		p.fail(w, *fault)
		for p.size == 0 && p.dialing == 0 && p.queue.n > 0 {
			p.fail(p.queue.pop(), *fault)
		}
	}
	p.fill()
	p.mu.Unlock()
	return fault
}
