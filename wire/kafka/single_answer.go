package kafka

import (
	"context"

	"sidecar"
)

// answer writes the answers in the order of their requests. What comes behind one
// that could not be written is waited for and dropped.
func (cl *SingleClient) answer(ctx context.Context) {
	for p := range cl.asked {
		<-p.ready
		if !cl.dead.Load() {
			if f := cl.tell(ctx, p); f != nil {
				cl.kill()
				if !f.Has(sidecar.FromClient) {
					cl.refused(&cl.out.x, f)
				}
			}
		}
		p.end(cl.srv)
		cl.owed.Add(-1)
	}
}

// tell writes the answer to one request. A fault ends the client: what was asked for
// it has failed, and there are no words for that.
func (cl *SingleClient) tell(ctx context.Context, p *pending) *sidecar.Fault {
	cl.out.begin(cl.set.StallTimeout)
	b, f := cl.compose(ctx, p)
	if f != nil || b == nil {
		return f
	}
	cl.out.begin(cl.set.StallTimeout)
	if cl.dead.Load() {
		return nil
	}
	if err := cl.out.write(cl.c, b); err != nil {
		return sidecar.ClientGone.Fault(sidecar.StageWrite)
	}
	cl.srv.params.Stats.Out.Add(uint64(len(b)))
	cl.srv.params.Stats.answered(p.head.Key, cl.out.x.Now()-p.started)
	return nil
}

// compose is the answer to p; nil if it gets none.
func (cl *SingleClient) compose(ctx context.Context, p *pending) ([]byte, *sidecar.Fault) {
	if p.head.Key == KeyProduce {
		return cl.produced(ctx, p)
	}
	if len(p.jobs) == 0 {
		return p.own, nil
	}
	j := &p.jobs[0]
	if j.fault != nil {
		return nil, j.fault
	}
	var problem *Problem
	switch p.head.Key {
	case KeyAPIVersions:
		p.own, problem = tellVersions(p.own, p.head, j.answer)
	case KeyMetadata:
		resp, bad := cl.learn(j.answer, p.head.Version)
		if problem = bad; bad == nil {
			asSingle(resp, cl.set.place(cl.c))
			p.own = appendAnswer(p.own, resp, resp.IsFlexible(), p.head.Correlation)
		}
	default:
		return j.answer, nil
	}
	if problem != nil {
		return nil, badAnswer(problem)
	}
	return p.own, nil
}

// Codes that producers ask again upon.
const (
	codeUnknownTopic int16 = 3
	codeNoLeader     int16 = 5
	codeNotLeader    int16 = 6
	codeFencedEpoch  int16 = 74
)

// produced is the answer to a request to Produce. Where a leader was none any more,
// or could not be reached, who leads is asked before the client is told: it asks
// again at once.
func (cl *SingleClient) produced(ctx context.Context, p *pending) ([]byte, *sidecar.Fault) {
	s := &p.split
	throttle := int32(0)
	for i := range p.jobs {
		j := &p.jobs[i]
		if s.acks == 0 && j.fault != nil {
			return nil, j.fault // as a broker closes the connection
		}
		if s.acks == 0 {
			continue
		}
		if j.fault == nil {
			n, problem := s.take(j.node, j.answer)
			if problem != nil {
				return nil, badAnswer(problem)
			}
			throttle = max(throttle, n)
		}
		s.lose(j.node)
	}
	stale := cl.codes(p)
	if stale {
		cl.look(ctx, p, func(t *splitTopic) bool { return s.stale(t) && !cl.srv.leaders.since(t.name, p.started) })
	}
	if s.acks == 0 {
		if stale {
			return nil, badAnswer(errSilentLost)
		}
		return nil, nil
	}
	p.own = s.merge(p.own, p.head.Correlation, throttle)
	return p.own, nil
}

var errSilentLost = &Problem{text: "records with acks=0 for a partition that has no leader"}

// codes counts what went wrong, and tells whether a leader may be another.
func (cl *SingleClient) codes(p *pending) (stale bool) {
	for i := range p.split.topics {
		stale = p.split.stale(&p.split.topics[i]) || stale
	}
	for i := range p.split.parts {
		if e := &p.split.parts[i]; e.done && e.code != 0 {
			cl.wrong(p, e)
		}
	}
	return stale
}

// wrong counts an error that a producer is told, and tells of it.
func (cl *SingleClient) wrong(p *pending, e *part) {
	srv, topic := cl.srv, p.split.topics[e.topic].name
	srv.params.Stats.seen(KeyProduce, &Partition{Topic: topic, Partition: e.index, Code: e.code, High: -1, Base: -1})
	name := srv.params.Stats.topics.of(topic, false).name
	if srv.params.Failed == nil || !srv.told.may(name, cl.out.x.Now()) {
		return
	}
	var of sidecar.Exchange
	talk := Talk{Node: e.leader, Client: cl.ip, class: sidecar.Failure}
	of.Begin(&talk, nil, p.started)
	of.RequestDone(p.started)
	srv.params.Failed(&of, &sidecar.Fault{
		Stage: sidecar.StageRead, Flags: sidecar.FromPeer, Reason: sidecar.Status5xx, Class: sidecar.Failure, Code: int(e.code),
		Err: &AnswerError{API: "Produce", Version: p.head.Version, Code: e.code, Topic: name, Partition: e.index},
	})
}

// stale tells whether a topic's leaders are others than was thought.
func (s *split) stale(t *splitTopic) bool {
	for i := t.first; i < t.end; i++ {
		if !s.parts[i].done {
			continue
		}
		switch s.parts[i].code {
		case codeUnknownTopic, codeNoLeader, codeNotLeader, codeFencedEpoch, codeNetworkException:
			return true
		}
	}
	return false
}
