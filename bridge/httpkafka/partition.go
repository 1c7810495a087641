package httpkafka

import "github.com/twmb/franz-go/pkg/kgo"

// partitioner says where records go: where they say, else where their key does as
// Java's client has it, else where the fewest are outstanding.
type partitioner struct{ keyed, least kgo.Partitioner }

func newPartitioner() partitioner {
	return partitioner{kgo.StickyKeyPartitioner(nil), kgo.LeastBackupPartitioner()}
}

func (p partitioner) ForTopic(topic string) kgo.TopicPartitioner {
	return &topicPartitioner{p.keyed.ForTopic(topic), p.least.ForTopic(topic)}
}

type topicPartitioner struct{ keyed, least kgo.TopicPartitioner }

// RequiresConsistency tells whether the partition is said by the record, be its
// leader alive or not.
func (p *topicPartitioner) RequiresConsistency(r *kgo.Record) bool {
	return r.Partition != unchosen || r.Key != nil
}

// Partition is not called where there is PartitionByBackup.
func (p *topicPartitioner) Partition(r *kgo.Record, n int) int { return p.named(r, n) }

func (p *topicPartitioner) named(r *kgo.Record, n int) int {
	if r.Partition != unchosen {
		return int(r.Partition) // the library refuses one that there is not
	}
	return p.keyed.Partition(r, n)
}

// PartitionByBackup picks one of n partitions; of records that say nothing, the one
// with the fewest outstanding, those before it counted, for a batch: a partition a
// record would make batches of one record.
func (p *topicPartitioner) PartitionByBackup(r *kgo.Record, n int, backup kgo.TopicBackupIter) int {
	if p.RequiresConsistency(r) {
		return p.named(r, n)
	}
	return p.least.(kgo.TopicBackupPartitioner).PartitionByBackup(r, n, backup)
}

// OnNewBatch has the next record without a key go elsewhere.
func (p *topicPartitioner) OnNewBatch() { p.least.(kgo.TopicPartitionerOnNewBatch).OnNewBatch() }
