package httpkafka

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// maxStray is how many topics that there are not a client of the library's remembers,
// and asks for each time it asks where leaders are. Clients choose their names.
const maxStray = 64

// topics tells those that were written to from those that nobody has. The library
// forgets none by itself.
type topics struct {
	mu    sync.Mutex
	known map[string]bool // as many as the cluster has
	stray map[string]bool
}

// written notes that the topic is there.
func (t *topics) written(topic string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.known[topic] {
		t.known[topic] = true
		delete(t.stray, topic)
	}
}

// missing notes that brokers know no such topic, and returns those that are to be
// forgotten. One that was written to is none: its records are numbered, and the
// numbers have to go on if it comes back.
func (t *topics) missing(topic string) (forget []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.known[topic] {
		t.stray[topic] = true
	}
	if len(t.stray) < maxStray {
		return nil
	}
	for name := range t.stray {
		forget = append(forget, name)
	}
	clear(t.stray)
	return forget
}

// forget has the library forget topics, which waits for it to have asked where
// leaders are.
func (p *Producer) forget(client *kgo.Client, list []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.ending.Go(func() { client.PurgeTopicsFromProducing(list...) })
	}
}
