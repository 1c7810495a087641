package kafka

import (
	"encoding/binary"
	"slices"
)

// split is a request to Produce, taken apart: its batches go to the leaders of
// their partitions, each as the bytes that they came as, so that what producers
// number and check of them stays true. It lies in the request's bytes.
type split struct {
	version  int16
	flexible bool
	acks     int16
	timeout  int32 // milliseconds that brokers take for it
	front    []byte
	topics   []splitTopic
	parts    []part
	tail     []byte
}

type splitTopic struct {
	name       []byte
	raw        []byte // name with its length
	tags       []byte
	first, end int // its parts
}

// part is a partition of a request, and what became of it.
type part struct {
	topic  int32 // which of the request's
	index  int32
	leader int32
	raw    []byte // index, batches, tags
	done   bool
	code   int16
	answer []byte // what the leader said of it, from the code to before its tags; nil: nothing
}

// Limits of one request. Producers put a batch for each partition into one.
const (
	maxSplitTopics = 10_000
	maxSplitParts  = 10_000
)

var (
	errManyParts = &Problem{text: "a request to Produce with more than 10000 partitions"}
	errNoTopic   = &Problem{text: "a request to Produce that cannot be read"}
)

// parse takes frame apart, a whole request to Produce of a version that names
// topics. It may be used again for another.
func (s *split) parse(frame []byte, version int16) *Problem {
	s.version, s.flexible = version, version >= flexibleProduce
	s.topics, s.parts = s.topics[:0], s.parts[:0]
	p := produce(frame, version)
	s.acks, s.timeout = p.int16(), p.int32()
	s.front = frame[:p.at]
	n := p.count(s.flexible, 1)
	if n > maxSplitTopics {
		return errManyParts
	}
	for ; n > 0 && !p.bad; n-- {
		if problem := s.topic(&p); problem != nil {
			return problem
		}
	}
	s.tail = p.rest()
	p.tags(s.flexible)
	if !p.whole() {
		return errNoTopic
	}
	return nil
}

func (s *split) topic(p *cursor) *Problem {
	from := p.at
	t := splitTopic{name: p.text(s.flexible), first: len(s.parts)}
	t.raw = p.b[from:p.at]
	n := p.count(s.flexible, 1)
	if n > maxSplitParts-len(s.parts) {
		return errManyParts
	}
	for ; n > 0 && !p.bad; n-- {
		from := p.at
		e := part{topic: int32(len(s.topics)), index: p.int32()}
		p.skip(max(p.length(s.flexible, 4), 0))
		p.tags(s.flexible)
		e.raw = p.b[from:p.at]
		s.parts = append(s.parts, e)
	}
	from = p.at
	p.tags(s.flexible)
	t.tags = p.b[from:p.at]
	t.end = len(s.parts)
	s.topics = append(s.topics, t)
	return nil
}

// single is the leader of all parts, false if there are several.
func (s *split) single() (leader int32, ok bool) {
	if len(s.parts) == 0 {
		return 0, false
	}
	leader = s.parts[0].leader
	return leader, !slices.ContainsFunc(s.parts, func(p part) bool { return p.leader != leader || p.done })
}

// of appends the request that has leader's parts alone. It is no longer than the
// whole.
func (s *split) of(dst []byte, leader int32) []byte {
	start := len(dst)
	dst = append(dst, s.front...)
	topics := 0
	for i := range s.topics {
		if s.going(i, leader) > 0 {
			topics++
		}
	}
	dst = s.count(dst, topics)
	for i := range s.topics {
		n := s.going(i, leader)
		if n == 0 {
			continue
		}
		t := &s.topics[i]
		dst = s.count(append(dst, t.raw...), n)
		for _, p := range s.parts[t.first:t.end] {
			if p.goes(leader) {
				dst = append(dst, p.raw...)
			}
		}
		dst = append(dst, t.tags...)
	}
	dst = append(dst, s.tail...)
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-SizeLen))
	return dst
}

// going is how many parts of a topic go to leader.
func (s *split) going(topic int, leader int32) (n int) {
	t := &s.topics[topic]
	for i := t.first; i < t.end; i++ {
		if s.parts[i].goes(leader) {
			n++
		}
	}
	return n
}

func (p *part) goes(leader int32) bool { return p.leader == leader && !p.done }

func (s *split) count(dst []byte, n int) []byte { return appendCount(dst, n, s.flexible) }
