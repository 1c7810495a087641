package httpkafka

import (
	"sync"

	"sidecar/varz"
)

// stats count what becomes of records.
type stats struct {
	registry *varz.Registry
	name     string

	written, bytes, refused, unknown *varz.Counter

	mu     sync.Mutex // guards failed
	failed map[string]*varz.Counter
}

func newStats(r *varz.Registry, name string) *stats {
	s := varz.Source{Service: name}
	return &stats{
		registry: r, name: name, failed: map[string]*varz.Counter{},
		written: r.Counter(varz.ProducerRecords, s), bytes: r.Counter(varz.ProducerBytes, s),
		refused: r.Counter(varz.ProducerRefused, s), unknown: r.Counter(varz.ProducerUnknown, s),
	}
}

// record counts one of n bytes that is over.
func (s *stats) record(n int64, err error) {
	if err == nil {
		s.written.Inc()
		s.bytes.Add(uint64(n - recordCost))
		return
	}
	name := codeName(err)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.failed[name]
	if c == nil {
		c = s.registry.Counter(varz.ProducerFailed, varz.Source{Service: s.name, Reason: name})
		s.failed[name] = c
	}
	c.Inc()
}

// answered counts what a client was told nothing sure of.
func (s *stats) answered(sum *sum) { s.unknown.Add(uint64(sum.open + sum.unsure)) }

// gauges tell what is under way.
func (p *Producer) gauges() {
	p.params.Registry.GaugeFunc(varz.ProducerBuffered, varz.Source{Service: p.params.Name}, func() float64 { return float64(p.buffered.Load()) })
}
