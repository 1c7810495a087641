package kafka

import (
	"fmt"
	"testing"
)

// christened are the topics that a Walker names.
type christened []string

func (n *christened) Topic(id, name []byte) { *n = append(*n, fmt.Sprintf("%s %x", name, id[:2])) }

// Requests and answers of newer versions have nothing but ids, whose names answers
// to Metadata tell.
func TestTopicsAreNamedByMetadata(t *testing.T) {
	for version := range int16(metadataMost + 1) {
		var n christened
		w := &Walker{Seen: &nobodySees{}, Names: &n}
		frame := bigMetadata(version)
		if !w.Look(KeyMetadata, version, frame) {
			t.Fatalf("version %d: it may go out as it is", version)
		}
		if version < 10 {
			if len(n) != 0 {
				t.Errorf("version %d has no ids: %q", version, n[0])
			}
			continue
		}
		if len(n) != 1000 || n[0] != "topic-of-orders-0 0000" || n[999] != "topic-of-orders-999 e703" {
			t.Errorf("version %d: %d topics, the last %q", version, len(n), n[max(len(n)-1, 0)])
		}
	}
}

type nobodySees struct{}

func (nobodySees) See(Partition) {}
