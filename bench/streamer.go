package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"
)

// streamer is clients that produce or consume until their time is over.
type streamer struct {
	streamErrand
	moved     atomic.Int64 // bytes on connections
	mu        sync.Mutex
	latencies []time.Duration // of records that were looked at
	failed    error
}

// lookedAt is how many records there are to one whose latency is kept.
const lookedAt = 64

// runStreamer carries out an errand and prints what it came to.
func runStreamer(args []string) error {
	var s streamer
	if len(args) != 1 {
		return errors.New("usage: bench stream ERRAND")
	}
	if err := json.Unmarshal([]byte(args[0]), &s.streamErrand); err != nil {
		return err
	}
	text, err := s.run()
	fmt.Println(text)
	return err
}

// run is what compiled generators print, too.
func (s *streamer) run() (string, error) {
	began := time.Now()
	ctx, cancel := context.WithDeadline(context.Background(), began.Add(s.Length))
	defer cancel()
	var all sync.WaitGroup
	for range s.Clients {
		all.Go(func() {
			if err := s.client(ctx); err != nil {
				s.fail(err)
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	if s.failed != nil {
		return "", s.failed
	}
	slices.Sort(s.latencies)
	told := map[string]any{"requests": s.moved.Load() / mib, "rps": float64(s.moved.Load()) / mib / took.Seconds()}
	if len(s.latencies) > 0 {
		for name, q := range map[string]float64{"p50": 0.5, "p99": 0.99, "p999": 0.999} {
			told[name] = float64(quantile(s.latencies, q).Nanoseconds()) / 1e3
		}
	}
	text, err := json.Marshal(told)
	return string(text), err
}

func (s *streamer) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = errors.Join(s.failed, err)
}

func (s *streamer) client(ctx context.Context) error {
	if s.Way == streamProduce {
		return s.produce(ctx)
	}
	return s.consume(ctx)
}

// options are of both ways. The versions are those that every peer knows: of newer
// ones kafka-proxy says that it does not support them.
func (s *streamer) options(more ...kgo.Opt) []kgo.Opt {
	return append(more,
		kgo.SeedBrokers(s.Address), kgo.MaxVersions(kversion.V3_6_0()),
		kgo.Dialer(func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			c, err := d.DialContext(ctx, network, s.Address)
			if err != nil {
				return nil, err
			}
			return &counted{Conn: c, moved: &s.moved}, nil
		}),
	)
}

// buffered is how many records a client holds: enough for all batches that may be
// under way, and little to wait for at the end.
const buffered = 2000

// produce keeps a client full.
func (s *streamer) produce(ctx context.Context) error {
	options := s.options(kgo.DefaultProduceTopic(streamTopic), kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.MaxBufferedRecords(buffered), kgo.ProducerBatchMaxBytes(int32(s.Batch+batchHead)), kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	if s.Acks == 1 {
		options = append(options, kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite())
	}
	c, err := kgo.NewClient(options...)
	if err != nil {
		return err
	}
	defer c.Close()
	value := make([]byte, s.Record)
	for i := 0; ctx.Err() == nil; i++ {
		began := time.Time{}
		if i%lookedAt == 0 {
			began = time.Now()
		}
		c.Produce(context.Background(), &kgo.Record{Value: value}, func(_ *kgo.Record, err error) {
			switch {
			case err != nil:
				s.fail(err)
			case !began.IsZero():
				s.look(time.Since(began))
			}
		})
	}
	return c.Flush(context.Background())
}

// batchHead is room for what a batch has besides records, so that sizes of batches
// are those that were asked for.
const batchHead = 512

func (s *streamer) look(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latencies = append(s.latencies, d)
}

// consume reads all partitions without a group.
func (s *streamer) consume(ctx context.Context) error {
	partitions := map[int32]kgo.Offset{}
	for p := range int32(kafkaPartitions) {
		partitions[p] = kgo.NewOffset().At(0)
	}
	c, err := kgo.NewClient(s.options(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{streamTopic: partitions}),
		kgo.FetchMaxBytes(int32(4*s.Batch)), kgo.FetchMaxPartitionBytes(int32(s.Batch)))...)
	if err != nil {
		return err
	}
	defer c.Close()
	for ctx.Err() == nil {
		for _, e := range c.PollFetches(ctx).Errors() {
			if ctx.Err() == nil {
				return e.Err
			}
		}
	}
	return nil
}

// counted counts what passes on a connection.
type counted struct {
	net.Conn
	moved *atomic.Int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.moved.Add(int64(n))
	return n, err
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.moved.Add(int64(n))
	return n, err
}
