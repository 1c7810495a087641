package hedge

import (
	"context"
	"sync/atomic"

	"sidecar"
)

// maxTried is how many endpoints of the first sender the second keeps from: as
// many as an exchange remembers.
const maxTried = 8

// pair is an exchange that may get a second sender. It belongs to the owner of
// the first; what the second has of it is said at each field. It is pooled, with
// its alarm, and used again once both have ended.
type pair struct {
	l      *layer
	word   word
	arm    func(at int64, mark uint64)
	run    func()        // send, bound once
	signal chan struct{} // ends a wait for the second, of one place
	done   chan struct{} // the second has ended: one for each that was started
	number uint64

	// What both read.
	ctx   context.Context
	main  *sidecar.Exchange
	msg   sidecar.Forker
	hold  sidecar.ClassSet // of layers outside
	tried [maxTried]atomic.Uint64
	fork  atomic.Pointer[sidecar.Exchange]

	// What the second leaves; read after done.
	sent  bool
	seeds int // entries of its record that are no tries of its own
	err   error
}

func newPair(l *layer) *pair {
	p := &pair{l: l, signal: make(chan struct{}, 1), done: make(chan struct{}, 1)}
	p.arm = l.Timer(p.late)
	p.run = p.send
	return p
}

// begin readies p for x, to be sent again at that time.
func (p *pair) begin(ctx context.Context, x *sidecar.Exchange, m sidecar.Forker, at int64) {
	p.ctx, p.main, p.msg, p.hold = ctx, x, m, x.Hold
	p.sent, p.seeds, p.err = false, 0, nil
	p.fork.Store(nil)
	for i := range p.tried {
		if p.tried[i].Load() != 0 { // a look costs less than a store
			p.tried[i].Store(0)
		}
	}
	if !p.l.Dark {
		x.Hedge = p
	}
	p.number++
	p.word.arm(p.number)
	p.arm(at, p.number)
}

// left ends the first sender, and tells whether there is a second.
func (p *pair) left() bool {
	p.arm(0, 0)
	return p.word.leave()
}

// end gives p back.
func (p *pair) end() {
	p.ctx, p.main, p.msg, p.err = nil, nil, nil, nil
	p.fork.Store(nil)
	p.l.pairs.Put(p)
}

// late is called by the wheel when it is time. It may come for an exchange that
// has ended; start tells. From start to done the owner waits.
func (p *pair) late(mark uint64) {
	if !p.word.start(mark) {
		return
	}
	l := p.l
	switch {
	case !l.Budget.Withdraw(p.main.N, l.Now()):
		l.Metrics.Refused.Inc()
	case l.Dark:
		l.Metrics.Dark.Inc()
	default:
		go p.run()
		return
	}
	p.over()
}

// over tells the owner that the second sender has ended. It is the last that
// the second does with p.
func (p *pair) over() {
	p.word.out(forkOut)
	p.done <- struct{}{}
}

// Wake ends a wait of the owner.
func (p *pair) Wake() {
	select {
	case p.signal <- struct{}{}:
	default:
	}
}

// Wins is the word on which both commit.
func (p *pair) Wins(x *sidecar.Exchange, c sidecar.Class) bool {
	self, other := mainOut, forkOut
	if x != p.main {
		self, other = forkOut, mainOut
	}
	wins, beside := p.word.wins(self, other, failed(c))
	if !wins || !beside {
		return wins
	}
	if x != p.main {
		p.main.Yield(x.Now())
	} else if f := p.fork.Load(); f != nil { // else it sees that it is over
		f.Interrupt(f.Gen(), sidecar.Lost)
	}
	return true
}

// Trying takes note of an endpoint for the second sender, and that the first,
// which may have been out, runs again.
func (p *pair) Trying(x *sidecar.Exchange, id uint64) {
	if x != p.main {
		return
	}
	p.tried[x.Tries.Len()%maxTried].Store(id)
	p.word.back(mainOut)
}
