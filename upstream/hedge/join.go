package hedge

import "sidecar"

// ownCauses end a sender and not the request.
const ownCauses = sidecar.Lost | sidecar.AttemptDeadline

// join waits for the second sender and gives what came of both; err is what
// came of the first.
func (p *pair) join(err error) error {
	p.wait()
	f := p.fork.Load()
	if f == nil {
		return err
	}
	won := f.Replied() != 0
	if p.sent {
		p.record(f, won)
		if won {
			p.l.Metrics.Won.Inc()
		} else {
			p.l.Metrics.Lost.Inc()
		}
	}
	p.msg.Join(f)
	p.main.Forget(ownCauses)
	if won {
		return p.err
	}
	return worse(p.main, err, p.err)
}

// wait returns when the second sender has ended. What ends the request is passed
// on to it.
func (p *pair) wait() {
	x := p.main
	for {
		x.Forget(ownCauses)
		over := false
		if x.Block(p) {
			select {
			case <-p.done:
				over = true
			case <-p.signal:
			}
		}
		cause := x.Unblock()
		if over {
			return
		}
		if cause&^ownCauses == sidecar.NoCause {
			continue
		}
		// One that is not there yet looks for the cause itself; one that
		// refuses it has committed, which took the cause from x as well.
		if f := p.fork.Load(); f == nil || f.Interrupt(f.Gen(), cause) {
			<-p.done
			return
		}
	}
}

// worse is the failure that is told where both senders failed: that by which the
// request itself ended, else the first's, unless only the second heard from a
// peer.
func worse(x *sidecar.Exchange, first, second error) error {
	if first == nil || second == nil || x.Replied() != 0 {
		return first
	}
	a, b := sidecar.FaultOf(first), sidecar.FaultOf(second)
	switch {
	case ends(a.Reason):
		return first
	case ends(b.Reason), !a.Has(sidecar.FromPeer) && b.Has(sidecar.FromPeer):
		return second
	}
	return first
}

// ends tells whether a reason is the end of the request and not of a try.
func ends(r sidecar.Reason) bool {
	return r == sidecar.DeadlineExceeded || r == sidecar.ClientLeft || r == sidecar.ShuttingDown
}

// record puts the second's try among those of the request, before the last of
// the first unless it won: the last is taken for the one that tells the outcome.
func (p *pair) record(f *sidecar.Exchange, won bool) {
	if f.Tries.Len() <= p.seeds {
		return // it found no endpoint
	}
	x := p.main
	x.Hedge = nil
	mine, last := *f.Tries.Last(), x.Tries.Last()
	mine.Flags |= sidecar.Hedged
	if won || last == nil {
		put(x.Try(mine.Endpoint, mine.ID, mine.Start), mine)
		return
	}
	its := *last
	put(last, mine)
	put(x.Try(its.Endpoint, its.ID, its.Start), its)
}

// put fills a place of the record, which keeps its number.
func put(at *sidecar.Try, t sidecar.Try) {
	t.Number = at.Number
	*at = t
}
