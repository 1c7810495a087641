package pool

// Stats is the state of a pool at one moment, for people.
type Stats struct {
	Size    int `json:"size"` // idle and in use
	Idle    int `json:"idle"`
	InUse   int `json:"in_use"`
	Waiters int `json:"waiters"`
	Dialing int `json:"dialing"`
	// ServerIdle is how long the server seems to let a connection idle, in
	// nanoseconds, 0 if unknown.
	ServerIdle int64 `json:"-"`
	// WarmIn is for how long nothing is dialled ahead of need though less than
	// the low watermark are open, in nanoseconds.
	WarmIn int64 `json:"-"`
}

// Stats is the present state.
func (p *Exclusive) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Stats{
		Size: p.size, Idle: len(p.idle) + p.looking, InUse: p.size - len(p.idle) - p.looking,
		Waiters: p.queue.n, Dialing: p.dialing, ServerIdle: p.server.limit,
	}
	if p.short() {
		s.WarmIn = p.ahead.left(p.params.Now())
	}
	return s
}

// Close ends the pool: idle connections at once, the others as they come back,
// dials by their context. Those who wait get a fault. Call it once the endpoint
// is out of use; it does not wait for anything.
func (p *Exclusive) Close() {
	p.mu.Lock()
	shut := p.idle
	p.closed, p.idle = true, nil
	p.size -= len(shut)
	for p.queue.n > 0 {
		p.fail(p.queue.pop(), *gone())
	}
	p.note()
	p.mu.Unlock()
	p.cancel()
	for _, h := range shut {
		h.conn.Close()
	}
}
