package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"sidecar"
)

// take has a request served; the answer is the writer's. A fault ends the client.
func (cl *SingleClient) take(ctx context.Context, h Head, frame []byte) *sidecar.Fault {
	cl.srv.params.Stats.asked(h.Key, h.Version)
	cl.srv.params.Stats.In.Add(uint64(len(frame)))
	p := cl.srv.asked.Get().(*pending)
	p.begin(h, frame, cl.in.x.Now())
	if f := cl.serve(ctx, p); f != nil {
		p.end(cl.srv)
		return f
	}
	p.expect()
	cl.owed.Add(1)
	jobs := p.jobs // of p nothing is ours any more once the last is submitted
	cl.asked <- p
	for i := range jobs {
		cl.laneTo(ctx, jobs[i].node).submit(&jobs[i])
	}
	return nil
}

// serve says what is to be asked of whom.
func (cl *SingleClient) serve(ctx context.Context, p *pending) *sidecar.Fault {
	h := p.head
	switch {
	case h.Key == KeyAPIVersions && h.Version > apis[KeyAPIVersions].Max:
		p.own = AnswerVersions(p.own, h.Correlation, apis[KeyAPIVersions].Max)
		return nil
	case h.Key == KeyAPIVersions:
		return cl.versions(p)
	case h.Key == KeyMetadata && h.Version <= singleMetadata, h.Key == KeyInitProducerID && h.Version <= singleInit:
		if h.Key == KeyInitProducerID && transactional(p.frame, h.Version) {
			return badRequest(errTransactional)
		}
		p.ask(job{frame: p.frame, node: anyBroker, patience: askPatience})
		return nil
	case h.Key == KeyProduce && h.Version <= singleProduce:
		return cl.produce(ctx, p)
	}
	return badRequest(producersOnly(h))
}

var errTransactional = &Problem{text: "a transactional producer: this listener is for producers without transactions; mode = \"transparent\" has them"}

// transactional tells whether a request for a producer's id has a transactional one.
func transactional(frame []byte, version int16) bool {
	flexible := Of(KeyInitProducerID).FlexibleAt(version)
	p, _ := body(frame, flexible)
	return p.length(flexible, 2) >= 0 || p.bad
}

func (cl *SingleClient) versions(p *pending) *sidecar.Fault {
	if name, release, ok := ClientSoftware(p.frame, p.head.Version); ok && !cl.named {
		cl.named = true
		cl.srv.params.Stats.program(name, release)
	}
	out, code, problem := askVersions(nil, p.head, p.frame)
	switch {
	case problem != nil:
		return badRequest(problem)
	case code != 0:
		p.own = refuseVersions(p.own, p.head, code)
	default:
		p.ask(job{frame: out, node: anyBroker, patience: askPatience})
	}
	return nil
}

// produce sends each leader its part.
func (cl *SingleClient) produce(ctx context.Context, p *pending) *sidecar.Fault {
	s := &p.split
	if problem := s.parse(p.frame, p.head.Version); problem != nil {
		return badRequest(problem)
	}
	cl.count(p)
	if !cl.lead(s) {
		cl.look(ctx, p, nil)
		cl.lead(s)
	}
	wait := time.Duration(max(s.timeout, 0))*time.Millisecond + produceSlack
	if leader, ok := s.single(); ok {
		p.ask(job{frame: p.frame, node: leader, patience: wait, silent: s.acks == 0})
		return nil
	}
	for i := range s.parts {
		if leader := s.parts[i].leader; !s.parts[i].done && !p.asks(leader) {
			b := cl.srv.take(len(p.frame))
			if b == nil {
				return noSpace()
			}
			p.ask(job{frame: s.of(b[:0], leader), node: leader, patience: wait, silent: s.acks == 0, own: true})
		}
	}
	return nil
}

func (p *pending) asks(node int32) bool {
	for i := range p.jobs {
		if p.jobs[i].node == node {
			return true
		}
	}
	return false
}

func (cl *SingleClient) count(p *pending) {
	cl.srv.params.Stats.produce(p.split.acks)
	for i := range p.split.topics {
		t, bytes := &p.split.topics[i], 0
		for _, e := range p.split.parts[t.first:t.end] {
			bytes += len(e.raw)
		}
		cl.srv.params.Stats.produced(t.name, false, bytes)
	}
}

// lead says who leads each partition; false if that is not known of all.
func (cl *SingleClient) lead(s *split) (known bool) {
	known = true
	for i := range s.parts {
		p := &s.parts[i]
		node, ok := cl.srv.leaders.of(s.topics[p.topic].name, p.index)
		p.leader, p.done = node, !ok || node < 0
		switch {
		case !ok:
			p.code, known = codeUnknownTopic, false
		case node < 0:
			p.code = codeNoLeader
		}
	}
	return known
}

// lookVersion is in which version of Metadata we ask for ourselves: it makes no topic
// by asking, and every broker since Kafka 0.11 has it.
const lookVersion = 4

// look asks who leads the topics of p of which stale says so, nil for all, and waits
// for the answer.
func (cl *SingleClient) look(ctx context.Context, p *pending, stale func(t *splitTopic) bool) {
	req := kmsg.NewPtrMetadataRequest()
	req.Version = lookVersion
	for i := range p.split.topics {
		if t := &p.split.topics[i]; stale == nil || stale(t) {
			name := string(t.name)
			req.Topics = append(req.Topics, kmsg.MetadataRequestTopic{Topic: &name})
		}
	}
	if len(req.Topics) == 0 {
		return
	}
	q := cl.srv.asked.Get().(*pending)
	q.begin(Head{Key: KeyMetadata, Version: lookVersion}, nil, sidecar.Now())
	q.ask(job{frame: kmsg.NewRequestFormatter(kmsg.FormatterClientID("sidecar")).AppendRequest(nil, req, 0), node: anyBroker, patience: askPatience})
	q.expect()
	cl.laneTo(ctx, anyBroker).submit(&q.jobs[0])
	<-q.ready
	if j := &q.jobs[0]; j.fault == nil {
		_, _ = cl.learn(j.answer, lookVersion)
	}
	q.end(cl.srv)
}

// learn takes up an answer to Metadata.
func (cl *SingleClient) learn(frame []byte, version int16) (*kmsg.MetadataResponse, *Problem) {
	resp, problem := readMetadata(frame, version)
	if problem == nil {
		learnNodes(resp, cl.srv.params.Places)
		cl.srv.leaders.learn(resp.Topics, sidecar.Now())
	}
	return resp, problem
}
