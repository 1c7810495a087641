package kafka

import (
	"sync"
	"sync/atomic"

	"sidecar/varz"
)

const (
	// maxTopics is how many topics are counted by name, and as many ids are known.
	// Clusters with more count the rest together.
	maxTopics = 1000
	// maxTopic is the longest name that Kafka lets a topic have.
	maxTopic = 249
	// maxLagged is how many partitions of a topic have their lag known.
	maxLagged = 256
)

// topics are the counts by topic. What is looked up takes a lock for reading for
// as long as a map takes.
type topics struct {
	registry *varz.Registry
	listener string

	mu    sync.RWMutex
	named map[string]*topicCounts   // guarded by mu
	ids   map[[16]byte]*topicCounts // guarded by mu
	other *topicCounts              // of those beyond the bound
}

// topicCounts are the counts of one topic.
type topicCounts struct {
	name              string
	produced, fetched *varz.Counter
	errors            atomic.Pointer[codeCounts]
	lag               atomic.Pointer[[maxLagged]atomic.Int64] // records, by partition
}

func (t *topics) init(r *varz.Registry, listener string) {
	t.registry, t.listener = r, listener
	t.named, t.ids = map[string]*topicCounts{}, map[[16]byte]*topicCounts{}
}

// Topic takes up which name an id stands for, by an answer to Metadata. It makes
// Stats a Namer.
func (s *Stats) Topic(id, name []byte) {
	if len(id) != 16 || len(name) == 0 {
		return
	}
	t, key := &s.topics, [16]byte(id)
	t.mu.RLock()
	c, known := t.ids[key]
	t.mu.RUnlock()
	if known && c.name == string(name) {
		return
	}
	c = t.of(name, false)
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.ids) < maxTopics {
		t.ids[key] = c
	}
}

// of are the counts of a topic by its name or its id.
func (t *topics) of(topic []byte, id bool) *topicCounts {
	t.mu.RLock()
	c := t.other
	if !id {
		if named := t.named[string(topic)]; named != nil {
			c = named
		} else if len(t.named) < maxTopics && isName(topic, maxTopic) {
			c = nil
		}
	} else if len(topic) == 16 {
		if known := t.ids[[16]byte(topic)]; known != nil {
			c = known
		}
	}
	t.mu.RUnlock()
	if c == nil {
		c = t.add(topic, id)
	}
	return c
}

// isName tells whether b can be what it says: Kafka's topics, and the programs of its
// clients, are named by letters, digits, '.', '_' and '-'. Whatever else clients send
// becomes no label: bytes that are no text have collectors drop all that is told.
func isName(b []byte, most int) bool {
	for _, c := range b {
		if c != '.' && c != '_' && c != '-' && !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return len(b) > 0 && len(b) <= most
}

// add makes the counts of a topic that has none, or those of the others.
func (t *topics) add(topic []byte, id bool) *topicCounts {
	t.mu.Lock()
	defer t.mu.Unlock()
	name := varz.Other
	if !id && isName(topic, maxTopic) && len(t.named) < maxTopics {
		name = string(topic)
		if c := t.named[name]; c != nil {
			return c
		}
	} else if t.other != nil {
		return t.other
	}
	from := varz.Source{Listener: t.listener, Topic: name}
	c := &topicCounts{name: name, produced: t.registry.Counter(varz.KafkaProduced, from), fetched: t.registry.Counter(varz.KafkaFetched, from)}
	if name == varz.Other {
		t.other = c
	}
	t.named[name] = c
	return c
}

// produced counts bytes of a request to Produce that are a topic's.
func (s *Stats) produced(topic []byte, id bool, bytes int) {
	s.topics.of(topic, id).produced.Add(uint64(max(bytes, 0))) // #nosec G115 -- not negative
}

// seen counts what an answer to a request of that key says of a partition.
func (s *Stats) seen(key int16, p *Partition) {
	if p.Code != 0 {
		s.failed(key, p.Code)
	}
	if p.Partition < 0 || len(p.Topic) == 0 {
		return
	}
	c := s.topics.of(p.Topic, p.ID)
	if p.Code != 0 {
		s.topics.failed(c, p.Code)
	}
	if key != KeyFetch && key != KeyShareFetch {
		return
	}
	c.fetched.Add(uint64(max(p.Bytes, 0))) // #nosec G115 -- not negative
	if key == KeyFetch && p.Code == 0 && p.High >= 0 && c.name != varz.Other && p.Partition < maxLagged {
		s.topics.lagging(c, p)
	}
}

// failed counts an error of one of a topic's partitions.
func (t *topics) failed(c *topicCounts, code int16) {
	counts := c.errors.Load()
	if counts == nil {
		c.errors.CompareAndSwap(nil, new(codeCounts))
		counts = c.errors.Load()
	}
	at := counts.at(code)
	if at.Load() == nil {
		at.Store(t.registry.Counter(varz.KafkaTopicErrors, varz.Source{Listener: t.listener, Topic: c.name, Reason: codeLabel(code)}))
	}
	at.Load().Inc()
}

// lagging takes up how far behind the end of a partition a consumer is with what it
// was given. One that got nothing is at the end; it often is not told of again, so
// what it got last has to count as read.
func (t *topics) lagging(c *topicCounts, p *Partition) {
	behind := int64(0)
	if p.Base >= 0 {
		behind = max(p.High-p.Base-p.Records, 0)
	}
	lag := c.lag.Load()
	if lag == nil {
		if behind == 0 {
			return
		}
		if c.lag.CompareAndSwap(nil, new([maxLagged]atomic.Int64)) {
			t.registry.GaugeFunc(varz.KafkaLag, varz.Source{Listener: t.listener, Topic: c.name}, c.behind)
		}
		lag = c.lag.Load()
	}
	lag[p.Partition].Store(behind)
}

// behind is how many records consumers are behind in all of a topic's partitions.
func (c *topicCounts) behind() float64 {
	n := int64(0)
	lag := c.lag.Load()
	for i := range lag {
		n += lag[i].Load()
	}
	return float64(n)
}
