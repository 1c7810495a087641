package kafka

import (
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// bigMetadata is an answer about 10,000 partitions with three replicas each on 30
// brokers.
func bigMetadata(version int16) []byte {
	m := kmsg.NewPtrMetadataResponse()
	m.SetVersion(version)
	for node := range int32(30) {
		b := kmsg.NewMetadataResponseBroker()
		b.NodeID, b.Host, b.Port, b.Rack = node, fmt.Sprintf("broker-%d.kafka.example.com", node), 9093, kmsg.StringPtr("rack-a")
		m.Brokers = append(m.Brokers, b)
	}
	for i := range 1000 {
		t := kmsg.NewMetadataResponseTopic()
		t.Topic, t.TopicID[0], t.TopicID[1] = kmsg.StringPtr(fmt.Sprintf("topic-of-orders-%d", i)), byte(i), byte(i>>8)
		for p := range int32(10) {
			part := kmsg.NewMetadataResponseTopicPartition()
			part.Partition, part.Leader = p, p%3
			part.Replicas, part.ISR = []int32{0, 1, 2}, []int32{0, 1, 2}
			t.Partitions = append(t.Partitions, part)
		}
		m.Topics = append(m.Topics, t)
	}
	return frameOf(m, version >= metadataFlexible, headTags[0])
}

// fetchOf is an answer with records of size bytes for each of n partitions.
func fetchOf(n, size int) []byte {
	m := kmsg.NewPtrFetchResponse()
	m.SetVersion(17)
	t := kmsg.NewFetchResponseTopic()
	for i := range n {
		p := kmsg.NewFetchResponseTopicPartition()
		p.Partition, p.RecordBatches = int32(i), make([]byte, size)
		t.Partitions = append(t.Partitions, p)
	}
	m.Topics = append(m.Topics, t)
	return frameOf(m, true, headTags[0])
}

func BenchmarkMetadataOf10000PartitionsCopied(b *testing.B) {
	frame := bigMetadata(12)
	dst := make([]byte, 0, 2*len(frame))
	b.SetBytes(int64(len(frame)))
	for b.Loop() {
		dst = append(dst[:0], frame...)
	}
}

func BenchmarkMetadataOf10000PartitionsRewritten(b *testing.B) {
	frame := bigMetadata(12)
	dst := make([]byte, 0, 2*len(frame))
	var p Places = village{}
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		out, changed, problem := Rewrite(dst, KeyMetadata, 12, frame, p)
		if !changed || problem != nil {
			b.Fatal(problem)
		}
		dst = out[:0]
	}
}

func BenchmarkMetadataOf10000PartitionsLookedAt(b *testing.B) {
	frame := bigMetadata(12)
	w := &Walker{Seen: unheard{}, Names: unheard{}}
	b.ReportAllocs()
	for b.Loop() {
		w.Look(KeyMetadata, 12, frame)
	}
}

type unheard struct{}

func (unheard) See(Partition) {}

func (unheard) Topic(_, _ []byte) {}

func BenchmarkFetchWalked(b *testing.B) {
	for _, c := range []struct{ partitions, bytes int }{{1, 1 << 20}, {10, 32 << 10}, {1000, 256}} {
		b.Run(fmt.Sprintf("%d partitions of %d bytes", c.partitions, c.bytes), func(b *testing.B) {
			frame := fetchOf(c.partitions, c.bytes)
			w := &Walker{Seen: unheard{}}
			b.ReportAllocs()
			for b.Loop() {
				if w.Look(KeyFetch, 17, frame) {
					b.Fatal("has hints")
				}
			}
		})
	}
}

func BenchmarkProduceAnswerLookedAt(b *testing.B) {
	m := kmsg.NewPtrProduceResponse()
	m.SetVersion(12)
	t := kmsg.NewProduceResponseTopic()
	t.Topic = "orders"
	t.Partitions = append(t.Partitions, kmsg.NewProduceResponseTopicPartition())
	m.Topics = append(m.Topics, t)
	frame := frameOf(m, true, headTags[0])
	w := &Walker{Seen: unheard{}}
	b.ReportAllocs()
	for b.Loop() {
		w.Look(KeyProduce, 12, frame)
	}
}
