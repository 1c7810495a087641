package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"sidecar/internal/brokers"
)

// kafkaSource is the address that brokers of tests take connections from: the
// sidecar's. A client that comes by itself comes from another.
const kafkaSource = "127.0.0.99"

// kafkaConf is a sidecar before a cluster of kfake's brokers.
func kafkaConf(c *kfake.Cluster) conf {
	return conf{protocol: "kafka", discover: "tcp://" + c.ListenAddrs()[0], upstream: `source_address = "` + kafkaSource + `"`}
}

func kafkaClient(t testing.TB, address string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(address)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// within is a context that is long enough for anything that works.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// consumed polls until it has n records, and returns how often each value came.
func consumed(t testing.TB, ctx context.Context, c *kgo.Client, n int) map[string]int {
	t.Helper()
	got := map[string]int{}
	for all := 0; all < n; {
		fetches := c.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			t.Fatalf("%d of %d records: %v", all, n, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			got[string(r.Value)]++
			all++
		})
	}
	return got
}

func TestKafkaClientsNeverComeToBrokersByThemselves(t *testing.T) {
	cluster, gate := brokers.Fake(t, 3, kafkaSource, kfake.SeedTopics(6, "orders"))
	p := start(t, "", kafkaConf(cluster))
	ctx := within(t)
	producer := kafkaClient(t, p.port, kgo.DefaultProduceTopic("orders"))
	const records = 300
	for i := range records {
		if err := producer.ProduceSync(ctx, kgo.StringRecord(fmt.Sprint("kgo-", i))).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	transport := new(kafkago.Transport)
	defer transport.CloseIdleConnections()
	w := &kafkago.Writer{Addr: kafkago.TCP(p.port), Topic: "orders", BatchSize: 10, BatchTimeout: time.Millisecond, Transport: transport}
	defer w.Close()
	for i := range records {
		if err := w.WriteMessages(ctx, kafkago.Message{Value: fmt.Append(nil, "kafka-go-", i)}); err != nil {
			t.Fatal(err)
		}
	}
	got := consumed(t, ctx, kafkaClient(t, p.port, kgo.ConsumeTopics("orders"), kgo.ConsumerGroup("g"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())), 2*records)
	for i := range records {
		for _, who := range []string{"kgo", "kafka-go"} {
			if v := fmt.Sprint(who, "-", i); got[v] != 1 {
				t.Errorf("%s came %d times", v, got[v])
			}
		}
	}
	if n := gate.TurnedAway(); n != 0 {
		t.Errorf("%d connections came past the sidecar", n)
	}
	for metric, filter := range map[string]string{
		"sidecar.kafka.requests": "", "sidecar.kafka.clients": "", "sidecar.kafka.produce_acks": "", "sidecar.kafka.bytes_produced": "", "sidecar.kafka.bytes_fetched": "",
		"sidecar.kafka.nodes": "",
	} {
		if p.admin.sum(metric, filter) == 0 {
			t.Errorf("%s counts nothing", metric)
		}
	}
}
