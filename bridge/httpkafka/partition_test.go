package httpkafka

import (
	"fmt"
	"testing"

	"sidecar/internal/brokers"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// The vectors are those of Kafka's own UtilsTest for murmur2; a partition is the hash
// without its sign bit, modulo their number.
func TestKeysGoWhereJavasClientPutsThem(t *testing.T) {
	for key, hash := range map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536, "a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971, "abc": 479470107,
	} {
		p := newPartitioner().ForTopic("t").(*topicPartitioner)
		for _, n := range []int{1, 7, 12, 1000} {
			r := &kgo.Record{Key: []byte(key), Partition: unchosen}
			if got, want := p.PartitionByBackup(r, n, nil), int(hash&0x7fffffff)%n; got != want {
				t.Errorf("%q goes to %d of %d, want %d", key, got, n, want)
			}
		}
	}
}

func TestPartitionThatIsSaidIsTaken(t *testing.T) {
	c, _ := brokers.Fake(t, 3, "", kfake.SeedTopics(12, "orders"))
	r := newRig(t, c.ListenAddrs(), nil)
	for _, row := range []struct {
		name, path, kind, body string
		fields                 []string
		want                   int32
	}{
		{"by path", "/topics/orders/partitions/3", "", "v", nil, 3},
		{"by path, with a key", "/topics/orders/partitions/3?key=21", "", "v", nil, 3},
		{"by query", "/topics/orders?partition=4", "", "v", nil, 4},
		{"by field", "/topics/orders", "", "v", []string{"X-Kafka-Partition", "5"}, 5},
		{"by record", "/topics/orders/partitions/3", jsonType, `{"records":[{"value":1,"partition":6}]}`, nil, 6},
		{"by key", "/topics/orders?key=abc", "", "v", nil, 479470107 % 12},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := r.post(t, row.path, row.kind, row.body, row.fields...)
			if got.status != 200 || *got.Offsets[0].Partition != row.want {
				t.Errorf("%d: %s", got.status, got.raw)
			}
		})
	}
}

func TestRecordsWithoutKeyUseEveryPartition(t *testing.T) {
	c, _ := brokers.Fake(t, 3, "", kfake.SeedTopics(12, "orders"))
	r := newRig(t, c.ListenAddrs(), nil)
	seen := map[int32]int{}
	for i := range 300 {
		got := r.post(t, "/topics/orders", "", fmt.Sprint(i))
		seen[*got.Offsets[0].Partition]++
	}
	if len(seen) != 12 {
		t.Errorf("partitions and their records: %v", seen)
	}
}
