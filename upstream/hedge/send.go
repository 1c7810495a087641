package hedge

import "sidecar"

// send is the second sender's goroutine; the owner of the first waits for it.
func (p *pair) send() {
	p.err = p.try()
	p.over()
}

func (p *pair) try() error {
	f := p.msg.Fork()
	p.adopt(f)
	// The fork is shown before the word and the causes are looked at, and who
	// changes them looks for the fork after that: one of the two sees the other.
	p.fork.Store(f)
	if p.word.over() {
		return nil
	}
	switch c := p.main.Pending(); c {
	case sidecar.NoCause, sidecar.AttemptDeadline: // the latter is the first's own
	default:
		return c.Fault(sidecar.StagePick)
	}
	if !p.l.Others(f) {
		return nil
	}
	p.sent = true
	p.l.Metrics.Sent.Inc()
	return p.l.Fork.Do(p.ctx, f)
}

// adopt makes f, which has begun, a sender of the first's request: of the same
// operation and times, away from the endpoints that the first has tried.
func (p *pair) adopt(f *sidecar.Exchange) {
	x := p.main
	f.Dest, f.Op, f.N, f.Received, f.Asked, f.Idempotent, f.Hold = x.Dest, x.Op, x.N, x.Received, x.Asked, x.Idempotent, p.hold
	for i := range p.tried {
		if id := p.tried[i].Load(); id != 0 {
			// As a try that reached nobody: then pickers look for another
			// outside of the aperture, too.
			f.Try("", id, f.Now()).Flags = sidecar.Unsent
			p.seeds++
		}
	}
	f.Hedge = p
	f.SetStall(p.l.Stall)
	complete := x.Complete()
	f.RequestDone(complete)
	if d := x.Deadline(); d != 0 {
		f.SetTimeout(d - complete)
	}
}
