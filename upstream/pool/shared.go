package pool

import (
	"context"
	"sync"
	"sync/atomic"

	"sidecar"
)

// Shared gives exchanges to connections that carry many at once. Its methods
// may be called from any goroutine, Sweep from one at a time.
//
// Of a Conn it asks more than Exclusive does: Do is called by many at once, and
// Status while they run: Open and Busy take another exchange, though Busy means
// that it may wait or be turned away; Closed takes none, while those on it go
// on to their ends (a peer that drains) or have failed by themselves. Status
// takes no lock and looks at no socket, whatever it is asked: somebody reads it
// all the time. Close is called once nobody is in Do.
//
// A connection is dialled when an exchange finds none, and a further one while
// there may be more and the one that is taken carries others: for those who
// come later, nobody waits for it. Idle connections beyond the low watermark are
// closed after the idle timeout; which of them are in use is all that matters
// for that, not how many exchanges they carry.
type Shared struct {
	params   Params
	settings atomic.Pointer[Settings]
	ctx      context.Context // of the dials
	cancel   context.CancelFunc
	run      func() // dialOne, bound once
	waiters  sync.Pool
	cooling
	lines  atomic.Pointer[[]*held] // those that take exchanges, changed with the lock held
	queued atomic.Bool             // as many wait for a dial as may

	mu      sync.Mutex
	leaving int // connections that are given to nobody any more, with exchanges on them
	dialing int
	queue   queue
	closed  bool
	ahead   ahead
}

// NewShared makes an empty pool; the first exchange dials.
func NewShared(params Params) *Shared {
	params.Metrics.complete()
	p := &Shared{params: params}
	p.settings.Store(&params.Settings)
	p.lines.Store(new([]*held))
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.run = p.dialOne
	p.waiters.New = func() any { return &waiter{signal: make(chan struct{}, 1)} }
	return p
}

// Set changes the settings. Of a lowered number of connections the rest are
// given to nobody any more and closed when the last exchange has left them.
func (p *Shared) Set(s Settings) {
	p.settings.Store(&s)
	var shut []*held
	p.mu.Lock()
	for _, h := range *p.lines.Load() {
		if len(*p.lines.Load()) > p.high() {
			shut = p.retire(h, shut)
		}
	}
	p.mu.Unlock()
	closeAll(shut)
}

// Status is Busy while every connection is, or as many wait for a dial as may;
// without a connection it is Open, or the first exchange to every endpoint would
// send the next ones elsewhere. Hot.
func (p *Shared) Status() sidecar.Status {
	if p.queued.Load() {
		return sidecar.Busy
	}
	busy := sidecar.Open
	for _, h := range *p.lines.Load() {
		switch h.conn.Status(false) {
		case sidecar.Open:
			return sidecar.Open
		case sidecar.Busy:
			busy = sidecar.Busy
		}
	}
	return busy
}

// Do performs x on the connection that carries the fewest exchanges; without
// one it waits for a dial. Hot; it allocates nothing where there is a connection.
//
// A connection that ended before a byte of x was written is replaced here,
// where it costs neither a try nor the budget, unless it was dialled for x: what
// a new connection ends with is the endpoint's answer.
func (p *Shared) Do(ctx context.Context, x *sidecar.Exchange) error {
	for {
		h, dialled, fault := p.acquire(x)
		if fault != nil {
			return fault
		}
		err := p.use(ctx, x, h)
		if f, ok := err.(*sidecar.Fault); dialled || !ok || !f.Has(sidecar.Unsent|sidecar.Stale) || !x.Msg.Rewind() {
			return err
		}
		p.params.Metrics.Stale.Inc()
	}
}

// use runs x on h and leaves it.
func (p *Shared) use(ctx context.Context, x *sidecar.Exchange, h *held) error {
	over := false
	defer func() { p.leave(h, x.Now(), !over) }() // not over is a panic: who knows what is on the wire
	err := h.conn.Do(ctx, x)
	over = true
	return err
}

// acquire is a connection for x, of which x is a user from now on, or why there
// is none. It tells whether x waited for a dial.
func (p *Shared) acquire(x *sidecar.Exchange) (*held, bool, *sidecar.Fault) {
	p.mu.Lock()
	h, shut := p.pick()
	if h != nil {
		h.users++
		if h.users > 1 && p.ahead.left(x.Now()) == 0 {
			p.dial()
		}
		p.mu.Unlock()
		closeAll(shut)
		h.join(x, x.Now(), false)
		return h, false, nil
	}
	if p.closed || p.queue.n >= p.settings.Load().MaxWaiters {
		closed := p.closed
		p.mu.Unlock()
		closeAll(shut)
		if closed {
			return nil, false, gone()
		}
		p.params.Metrics.Exhausted.Inc()
		return nil, false, exhausted()
	}
	w := p.waiters.Get().(*waiter)
	p.queue.push(w)
	if p.dialing == 0 {
		p.dial()
	}
	p.note()
	p.mu.Unlock()
	closeAll(shut)
	p.params.Metrics.DialWaits.Inc()
	h, fault := p.wait(x, w)
	return h, true, fault
}

// pick is the connection that carries the fewest, one that is Busy only if all
// are; nil without any. Those that are Closed are given to nobody any more, and
// the idle ones of them returned to be closed. With the lock held.
func (p *Shared) pick() (best *held, shut []*held) {
	busy := false
	for _, h := range *p.lines.Load() {
		s := h.conn.Status(false)
		if s == sidecar.Closed {
			shut = p.retire(h, shut)
			continue
		}
		if best == nil || busy && s == sidecar.Open || busy == (s == sidecar.Busy) && h.users < best.users {
			best, busy = h, s == sidecar.Busy
		}
	}
	return best, shut
}

// retire gives h to nobody any more; with nobody on it, it is added to shut.
// With the lock held.
func (p *Shared) retire(h *held, shut []*held) []*held {
	if h.out {
		return shut
	}
	h.out = true
	rest := make([]*held, 0, len(*p.lines.Load()))
	for _, o := range *p.lines.Load() {
		if o != h {
			rest = append(rest, o)
		}
	}
	p.lines.Store(&rest)
	if h.users == 0 {
		return append(shut, h)
	}
	p.leaving++
	return shut
}

// leave ends x's use of h. The last one closes a connection that is given to
// nobody any more.
func (p *Shared) leave(h *held, now int64, broken bool) {
	var shut []*held
	p.mu.Lock()
	h.users--
	if !h.used {
		p.ahead = ahead{} // dials are of use again
	}
	h.since, h.used = now, true
	switch {
	case h.out && h.users == 0:
		p.leaving--
		shut = append(shut, h)
	case !h.out && (broken || h.conn.Status(false) == sidecar.Closed):
		shut = p.retire(h, shut)
	}
	p.mu.Unlock()
	closeAll(shut)
}

func closeAll(shut []*held) {
	for _, h := range shut {
		h.conn.Close()
	}
}

// Shared tells that a connection carries many exchanges.
func (*Shared) Shared() bool { return true }

func (p *Shared) high() int { return max(1, p.settings.Load().Connections) }

// room tells whether one more connection may exist; with the lock held.
func (p *Shared) room() bool { return len(*p.lines.Load())+p.dialing < p.high() }

// dial has one connection dialled if there may be one more; with the lock held.
func (p *Shared) dial() {
	if p.closed || !p.room() {
		return
	}
	p.dialing++
	p.params.Go(p.run)
}

// note publishes whether as many wait as may; with the lock held.
func (p *Shared) note() {
	p.queued.Store(p.queue.n > 0 && p.queue.n >= p.settings.Load().MaxWaiters)
}
