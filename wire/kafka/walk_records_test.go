package kafka

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// batchOf is a record batch from an offset on with that many records, so long.
func batchOf(base int64, records int32, size int) []byte {
	b := kmsg.RecordBatch{FirstOffset: base, Magic: 2, LastOffsetDelta: records - 1, NumRecords: records}
	b.Length = int32(size - 12)
	b.Records = make([]byte, size-61)
	return b.AppendTo(nil)
}

func TestRecordsOfAFetchAreCountedByTheFirstBatch(t *testing.T) {
	two := append(batchOf(40, 10, 100), batchOf(50, 20, 200)...)
	for _, c := range []struct {
		name    string
		records []byte
		base    int64
		want    int64
	}{
		{"nothing", nil, -1, 0},
		{"one batch", batchOf(40, 10, 100), 40, 10},
		{"three times the first", two, 40, 30},
		{"half a batch", batchOf(40, 10, 100)[:70], 40, 10},
		{"a head that ends early", batchOf(40, 10, 100)[:20], 40, 0},
		{"messages of old", append(append([]byte{}, batchOf(40, 10, 100)[:16]...), make([]byte, 40)...), 40, 0},
	} {
		for _, size := range []int{1, 7, 1000} {
			p := kmsg.NewFetchResponseTopicPartition()
			p.HighWatermark, p.RecordBatches = 100, c.records
			topic := kmsg.NewFetchResponseTopic()
			topic.Topic, topic.Partitions = "orders", append(topic.Partitions, p)
			m := kmsg.NewPtrFetchResponse()
			m.Version, m.Topics = 12, append(m.Topics, topic)
			var got seers
			frame := frameOf(m, true, headTags[0])
			if p := pieces(&Walker{Seen: &got}, KeyFetch, 12, frame, func() int { return size }); p != nil {
				t.Fatal(p)
			}
			if len(got) != 1 || got[0].Base != c.base || got[0].Records != c.want || got[0].Bytes != len(c.records) {
				t.Errorf("%s in pieces of %d: %+v", c.name, size, got)
			}
		}
	}
}
