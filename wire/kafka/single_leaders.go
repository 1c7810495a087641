package kafka

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Bounds of what is known of who leads what; beyond them topics are forgotten,
// and asked for again when somebody writes to them.
const (
	maxLedTopics = 10_000
	maxLedParts  = 10_000 // of one topic
)

// leaders are the leaders of partitions, as answers to Metadata told them last.
// Safe for concurrent use; the lock is held for a look.
type leaders struct {
	mu     sync.RWMutex
	topics map[string]*ledTopic
}

type ledTopic struct {
	parts []int32 // a leader's node by partition, -1 without
	at    int64   // when that was told
}

// of is who leads a partition: -1 nobody, false if that is not known.
func (l *leaders) of(topic []byte, partition int32) (node int32, ok bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	t := l.topics[string(topic)]
	if t == nil || partition < 0 || int(partition) >= len(t.parts) {
		return 0, false
	}
	return t.parts[partition], true
}

// since tells whether a topic was told of after at.
func (l *leaders) since(topic []byte, at int64) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	t := l.topics[string(topic)]
	return t != nil && t.at > at
}

// learn takes up what an answer to Metadata says at now. What it has no partitions
// of is no more.
func (l *leaders) learn(topics []kmsg.MetadataResponseTopic, now int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.topics == nil {
		l.topics = map[string]*ledTopic{}
	}
	for i := range topics {
		t := &topics[i]
		if t.Topic == nil {
			continue
		}
		if len(t.Partitions) == 0 {
			delete(l.topics, *t.Topic)
			continue
		}
		if l.topics[*t.Topic] == nil && len(l.topics) >= maxLedTopics {
			l.forgetOne()
		}
		l.topics[*t.Topic] = led(t.Partitions, now)
	}
}

func (l *leaders) forgetOne() {
	for name := range l.topics {
		delete(l.topics, name)
		return
	}
}

func led(partitions []kmsg.MetadataResponseTopicPartition, now int64) *ledTopic {
	most := int32(-1)
	for i := range partitions {
		if n := partitions[i].Partition; n < maxLedParts {
			most = max(most, n)
		}
	}
	t := &ledTopic{parts: make([]int32, most+1), at: now}
	for i := range t.parts {
		t.parts[i] = -1
	}
	for i := range partitions {
		if n := partitions[i].Partition; n >= 0 && n < maxLedParts {
			t.parts[n] = partitions[i].Leader
		}
	}
	return t
}
