package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"sidecar/internal/brokers"
)

// ours is where connections to brokers come from, and from nowhere else.
const ours = "127.0.0.99"

func through(t *testing.T, opts ...kfake.Opt) (*stage, *kfake.Cluster, *brokers.Gate) {
	c, gate := brokers.Fake(t, 3, ours, opts...)
	s := newStage(t, c.ListenAddrs()[0])
	t.Cleanup(func() {
		if gate.TurnedAway() != 0 {
			t.Errorf("%d clients went past the sidecar", gate.TurnedAway())
		}
	})
	return s, c, gate
}

func (s *stage) kgo(opts ...kgo.Opt) *kgo.Client {
	s.t.Helper()
	c, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(s.addr)}, opts...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	return c
}

func TestClientsProduceAndConsumeWhileLeadersMove(t *testing.T) {
	paths(t, func(t *testing.T, _ func(string) *stage) {
		s, cluster, _ := through(t, kfake.SeedTopics(6, "orders"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		p := s.kgo(kgo.DefaultProduceTopic("orders"), kgo.ProducerBatchMaxBytes(100_000))
		const rounds, n = 8, 200
		for round := range rounds {
			for i := range n {
				p.Produce(ctx, &kgo.Record{Key: fmt.Append(nil, i), Value: fmt.Appendf(nil, "%d-%d-%s", round, i, filler(i*20))}, func(_ *kgo.Record, err error) {
					if err != nil {
						t.Error(err)
					}
				})
			}
			cluster.ShufflePartitionLeaders()
			if err := p.Flush(ctx); err != nil {
				t.Fatal(err)
			}
		}
		seen := map[string]int{}
		r := s.kgo(kgo.ConsumeTopics("orders"), kgo.ConsumerGroup("g"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
		for len(seen) < rounds*n {
			fetches := r.PollFetches(ctx)
			if err := fetches.Err(); errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("%d records of %d", len(seen), rounds*n)
			}
			fetches.EachRecord(func(rec *kgo.Record) { seen[string(rec.Value[:min(8, len(rec.Value))])+string(rec.Key)]++ })
		}
		for v, times := range seen {
			if times != 1 {
				t.Errorf("%q came %d times", v, times)
			}
		}
	})
}

func TestKafkaGoProducesAndConsumes(t *testing.T) {
	s, _, _ := through(t, kfake.SeedTopics(3, "orders"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	transport := &kafkago.Transport{}
	defer transport.CloseIdleConnections()
	w := &kafkago.Writer{Addr: kafkago.TCP(s.addr), Topic: "orders", BatchSize: 10, BatchTimeout: time.Millisecond, Transport: transport}
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			if err := w.WriteMessages(ctx, kafkago.Message{Value: fmt.Append(nil, i)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	w.Close()
	r := kafkago.NewReader(kafkago.ReaderConfig{Brokers: []string{s.addr}, GroupID: "g", Topic: "orders", MaxWait: 50 * time.Millisecond, StartOffset: kafkago.FirstOffset})
	seen := map[string]bool{}
	for len(seen) < 60 {
		m, err := r.ReadMessage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		seen[string(m.Value)] = true
	}
	r.Close()
}

// What is fetched in answers of many megabytes comes whole.
func TestLargeRecordsPass(t *testing.T) {
	for _, hints := range []Hints{RewriteHints, StripHints, CapVersions} {
		s, cluster, _ := through(t, kfake.SeedTopics(1, "big"), kfake.BrokerConfigs(map[string]string{"message.max.bytes": "20000000"}))
		s.set(func(set *Settings) { set.Hints = hints })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		p := s.kgo(kgo.DefaultProduceTopic("big"), kgo.ProducerBatchMaxBytes(10_000_000), kgo.ProducerBatchCompression(kgo.NoCompression()))
		sizes := []int{10, 40_000, 5_000_000, 100, 900_000, 65_536, 3_000_000}
		for _, n := range sizes {
			if err := p.ProduceSync(ctx, &kgo.Record{Value: []byte(filler(n))}).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		if err := cluster.MoveTopicPartition("big", 0, 2); err != nil {
			t.Fatal(err)
		}
		if err := p.ProduceSync(ctx, &kgo.Record{Value: []byte("last")}).FirstErr(); err != nil {
			t.Fatal(err)
		}
		r := s.kgo(kgo.ConsumeTopics("big"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxBytes(50_000_000), kgo.FetchMaxPartitionBytes(20_000_000), kgo.BrokerMaxReadBytes(100_000_000))
		for got := 0; got <= len(sizes); {
			for _, rec := range r.PollFetches(ctx).Records() {
				want := "last"
				if got < len(sizes) {
					want = filler(sizes[got])
				}
				if string(rec.Value) != want {
					t.Fatalf("record %d has %d bytes that are not those of before", got, len(rec.Value))
				}
				got++
			}
			if ctx.Err() != nil {
				t.Fatal("not all came")
			}
		}
	}
}

// A login that ends is renewed while clients go on (KIP-368): kfake closes
// connections whose login has ended.
func TestLoginsAreRenewedUnderClients(t *testing.T) {
	const life = 2 * time.Second
	s, _, _ := through(t, kfake.SeedTopics(1, "orders"), kfake.EnableSASL(), kfake.Superuser("PLAIN", "u", "p"),
		kfake.BrokerConfigs(map[string]string{"connections.max.reauth.ms": "2000"}))
	s.dialer.Set(DialSettings{Mechanism: "PLAIN", Username: "u", Password: "p"})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p := s.kgo(kgo.DefaultProduceTopic("orders"))
	if err := p.ProduceSync(ctx, kgo.StringRecord("first")).FirstErr(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(5 * life / 2); time.Now().Before(end); {
		if err := p.ProduceSync(ctx, kgo.StringRecord("next")).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	for len(s.over) > 0 {
		t.Errorf("a session ended with %v", <-s.over)
	}
}
