package kafka

import (
	"sync/atomic"
	"time"
)

// maxPending is how many requests of a client may be without their answers; behind
// them it is not read. Clients have five under way.
const maxPending = 64

// keptOwn is how long an answer may be for its memory to be kept for another.
const keptOwn = 64 << 10

// Times that brokers have for an answer: beyond what a producer gives them for its
// records, and for everything else.
const (
	produceSlack = 10 * time.Second
	askPatience  = 30 * time.Second
)

// pending is a request that is not answered yet: what was asked of whom for it.
type pending struct {
	head    Head
	frame   []byte // the request, whole
	own     []byte // our own answer
	split   split
	jobs    []job
	started int64

	left  atomic.Int32 // jobs
	ready chan struct{}
}

// begin readies p for a request.
func (p *pending) begin(h Head, frame []byte, now int64) {
	p.head, p.frame, p.own, p.started = h, frame, p.own[:0], now
	p.jobs = p.jobs[:0]
	p.split.topics, p.split.parts = p.split.topics[:0], p.split.parts[:0]
}

// ask adds a job. None may be submitted before the last is added: they lie in one
// array.
func (p *pending) ask(j job) {
	j.of, j.correlation = p, p.head.Correlation
	p.jobs = append(p.jobs, j)
}

// expect makes p ready once all its jobs are finished, or at once without any.
func (p *pending) expect() {
	if len(p.jobs) == 0 {
		p.ready <- struct{}{}
		return
	}
	p.left.Store(int32(len(p.jobs))) // #nosec G115 -- no more than nodes
}

func (p *pending) finished() {
	if p.left.Add(-1) == 0 {
		p.ready <- struct{}{}
	}
}

// end gives back what p holds.
func (p *pending) end(s *Single) {
	for i := range p.jobs {
		j := &p.jobs[i]
		s.give(j.answer)
		if j.own {
			s.give(j.frame)
		}
		*j = job{}
	}
	s.give(p.frame)
	p.frame = nil
	if cap(p.own) > keptOwn {
		p.own = nil
	}
	clear(p.split.topics)
	clear(p.split.parts)
	s.asked.Put(p)
}
