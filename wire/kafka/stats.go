package kafka

import (
	"strconv"
	"sync/atomic"

	"sidecar"
	"sidecar/varz"
)

// Stats count what clients of one listener ask for, and what they are answered.
// Safe for concurrent calls, which allocate nothing once a thing has been counted.
type Stats struct {
	In, Out  *varz.Counter // bytes from clients and to them
	registry *varz.Registry
	source   varz.Source // of the listener

	requests       *varz.Counter   // what never became a session counts as one
	failures       []*varz.Counter // of these, by reason
	acks           [3]*varz.Counter
	hints, striped *varz.Counter
	apis           [len(apis) + 1]apiCounts // the last is of those that are not known
	programs       programs
	topics         topics
}

// apiCounts are the counts of one API. Each is made when there is something to count:
// most listeners see a dozen APIs of a hundred.
type apiCounts struct {
	versions []atomic.Pointer[varz.Counter] // by version; the last is of those above
	latency  atomic.Pointer[varz.Histogram]
	errors   atomic.Pointer[codeCounts]
}

// codeCounts are counts by Kafka's codes; the last is of those that are not known.
type codeCounts [len(codes) + 1]atomic.Pointer[varz.Counter]

// The places of acks in Stats.
const (
	acksNone = iota
	acksLeader
	acksAll
)

// NewStats takes a listener's counts from the registry.
func NewStats(r *varz.Registry, listener string) *Stats {
	from := varz.Source{Listener: listener}
	s := &Stats{
		In: r.Counter(varz.ClientBytesIn, from), Out: r.Counter(varz.ClientBytesOut, from), registry: r, source: from,
		requests: r.Counter(varz.ListenerRequests, from),
		hints:    r.Counter(varz.KafkaHints, from), striped: r.Counter(varz.KafkaHintsStripped, from),
	}
	for i, name := range [...]string{acksNone: "acks=0", acksLeader: "acks=1", acksAll: "acks=all"} {
		s.acks[i] = r.Counter(varz.KafkaAcks, varz.Source{Listener: listener, Operation: name})
	}
	for reason := range sidecar.ReasonCount {
		s.failures = append(s.failures, r.Counter(varz.ListenerFailures, varz.Source{Listener: listener, Reason: reason.String()}))
	}
	for i := range s.apis {
		most := int16(-1)
		if i < len(apis) {
			most = apis[i].Max
		}
		s.apis[i].versions = make([]atomic.Pointer[varz.Counter], most+2)
	}
	s.programs.init(r, listener)
	s.topics.init(r, listener)
	return s
}

// refused counts a client that never had a session.
func (s *Stats) refused(f *sidecar.Fault) {
	s.requests.Inc()
	s.failures[f.Reason].Inc()
}

// of are the counts of an API, with its name.
func (s *Stats) of(key int16) (*apiCounts, string) {
	if key >= 0 && int(key) < len(apis) {
		return &s.apis[key], apis[key].Name
	}
	return &s.apis[len(apis)], varz.Other
}

// asked counts a request.
func (s *Stats) asked(key, version int16) {
	a, name := s.of(key)
	at := len(a.versions) - 1
	if version >= 0 && int(version) < at {
		at = int(version)
	}
	c := a.versions[at].Load()
	if c == nil {
		from := s.source
		from.Operation, from.Version = name, varz.Other
		if at < len(a.versions)-1 {
			from.Version = strconv.Itoa(at)
		}
		c = s.registry.Counter(varz.KafkaRequests, from)
		a.versions[at].Store(c)
	}
	c.Inc()
}

// answered counts an answer, whose head came so many nanoseconds after its request
// had gone.
func (s *Stats) answered(key int16, took int64) {
	a, name := s.of(key)
	h := a.latency.Load()
	if h == nil {
		from := s.source
		from.Operation = name
		h = s.registry.Histogram(varz.KafkaLatency, from)
		a.latency.Store(h)
	}
	h.Observe(took)
}

// failed counts an error in an answer.
func (s *Stats) failed(key, code int16) {
	a, name := s.of(key)
	counts := a.errors.Load()
	if counts == nil {
		a.errors.CompareAndSwap(nil, new(codeCounts))
		counts = a.errors.Load()
	}
	c := counts.at(code)
	if c.Load() == nil {
		from := s.source
		from.Operation, from.Reason = name, codeLabel(code)
		c.Store(s.registry.Counter(varz.KafkaErrors, from))
	}
	c.Load().Inc()
}

func (c *codeCounts) at(code int16) *atomic.Pointer[varz.Counter] {
	if code == -1 {
		code = 0 // which is no error, so its place is free
	}
	if code < 0 || int(code) >= len(codes) {
		return &c[len(codes)]
	}
	return &c[code]
}

// codeLabel is Kafka's name of an error; of codes that are not known there may be
// any number.
func codeLabel(code int16) string {
	if code < -1 || int(code) >= len(codes) {
		return varz.Other
	}
	return CodeName(code)
}

// produce counts a request to Produce by its acks.
func (s *Stats) produce(acks int16) {
	at := acksAll
	if acks == 0 || acks == 1 {
		at = int(acks)
	}
	s.acks[at].Inc()
}

// hinted counts an answer whose hints were rewritten, or taken out.
func (s *Stats) hinted(stripped bool) {
	if stripped {
		s.striped.Inc()
		return
	}
	s.hints.Inc()
}
