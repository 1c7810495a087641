//go:build conformance

package httpkafka

import (
	"context"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"sidecar/internal/brokers"

	"github.com/twmb/franz-go/pkg/kgo"
)

// The same with Apache Kafka's own brokers, which are killed as by a power cut and
// started anew while leaders move.
func TestConformanceOfWritingToApacheKafka(t *testing.T) {
	kafka := brokers.StartReal(t, brokers.RealParams{Nodes: 3})
	kafka.CreateTopic("orders", 12)
	r := newRig(t, kafka.Seeds(), nil)
	r.timeout = 5 * time.Second
	records := 100_000
	if os.Getenv("SIDECAR_CONFORMANCE") != "" {
		records = 1_000_000
	}
	l := &ledger{told: make([]atomic.Int32, records), others: map[string]int{}}
	stop, kills := make(chan struct{}), make(chan int, 1)
	go func() {
		n := 0
		defer func() { kills <- n }()
		for {
			select {
			case <-stop:
				return
			case <-time.After(3 * time.Second):
			}
			node := kafka.Nodes[rand.IntN(len(kafka.Nodes))]
			node.Kill()
			node.Start()
			kafka.AwaitWhole("orders")
			n++
		}
	}()
	took := l.write(r, 200)
	close(stop)
	n := <-kills
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.check(t, everything(t, kafka))
	t.Logf("%d records in %v with %d kills; answers but 200: %v", records, took.Round(time.Millisecond), n, l.others)
}

// everything is what is in the topic: until nothing comes for a while.
func everything(t *testing.T, kafka *brokers.Real) (all []*kgo.Record) {
	c := kafka.Client(kgo.ConsumeTopics("orders"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		got := c.PollFetches(ctx).Records()
		cancel()
		if all = append(all, got...); len(got) == 0 {
			return all
		}
	}
}
