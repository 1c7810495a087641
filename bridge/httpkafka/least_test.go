package httpkafka

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// Of three brokers with four partitions each, one takes 250 ms for what it reads. As
// its partitions have more outstanding, they get fewer records: with the same number
// for each, every third request would wait for the slow one.
func TestSlowBrokerGetsFewerRecordsWithoutKey(t *testing.T) {
	c, doors := doored(t, 3, kfake.SeedTopics(12, "orders"))
	const slow = 0
	doors[slow].delay.Store(int64(250 * time.Millisecond))
	r := newRig(t, c.ListenAddrs(), func(s *Settings, _ *Params) { s.Linger = 0 })
	const requests, connections = 3000, 64
	var next atomic.Int64
	var work sync.WaitGroup
	for range connections {
		work.Go(func() {
			for next.Add(1) <= requests {
				if got, err := r.send("POST", "/topics/orders", "", "v"); err != nil || got.status != 200 {
					t.Errorf("%v, %d: %s", err, got.status, got.raw)
				}
			}
		})
	}
	work.Wait()
	byPartition, ofSlow := make([]int64, 12), int64(0)
	for _, p := range c.PartitionInfos("orders") {
		byPartition[p.Partition] = p.HighWatermark
		if p.Leader == slow {
			ofSlow += p.HighWatermark
		}
	}
	t.Logf("%d records; by partition %v; of the slow broker %d, a third is %d", requests, byPartition, ofSlow, requests/3)
	if ofSlow >= requests/6 {
		t.Errorf("the slow broker got %d of %d, more than half of its third", ofSlow, requests)
	}
}
