package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"sidecar/internal/brokers"
)

// kafkaLoad is what clients of several kinds do until they are told to stop. What
// they were told is written stands in acked, by topic.
type kafkaLoad struct {
	t       *testing.T
	address string
	ctx     context.Context
	stop    atomic.Bool
	work    sync.WaitGroup

	mu    sync.Mutex
	acked map[string][]string // guarded by mu
}

const kafkaPartitions = 6

func (l *kafkaLoad) wrote(topic string, values ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked[topic] = append(l.acked[topic], values...)
}

// idempotent produces with kgo as it does by default: each record is in the log once,
// and those of a key are in order.
func (l *kafkaLoad) idempotent(topic string) {
	c := kafkaClient(l.t, l.address, kgo.DefaultProduceTopic(topic), kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)))
	for i := 0; !l.stop.Load(); i++ {
		value := fmt.Sprint(i)
		r := &kgo.Record{Key: fmt.Append(nil, "k", i%20), Value: []byte(value)}
		if err := c.ProduceSync(l.ctx, r).FirstErr(); err != nil {
			l.t.Errorf("kgo: record %d: %v", i, err)
			return
		}
		l.wrote(topic, value)
	}
}

// transact produces in transactions; what an aborted one has written nobody reads.
func (l *kafkaLoad) transact(topic string) {
	c := kafkaClient(l.t, l.address, kgo.DefaultProduceTopic(topic), kgo.TransactionalID("e2e"), kgo.TransactionTimeout(20*time.Second))
	for i := 0; !l.stop.Load(); i++ {
		if err := c.BeginTransaction(); err != nil {
			l.t.Errorf("transaction %d: %v", i, err)
			return
		}
		var values []string
		var records []*kgo.Record
		for j := range 10 {
			values = append(values, fmt.Sprint(i, "-", j))
			records = append(records, kgo.StringRecord(values[j]))
		}
		err := c.ProduceSync(l.ctx, records...).FirstErr()
		commit := err == nil && i%4 != 3
		ended := l.end(c, commit)
		if !ended {
			l.t.Logf("transaction %d did not end", i)
			continue // whether it was committed nobody knows
		}
		if commit {
			l.wrote(topic, values...)
		}
	}
}

// end ends a transaction. One that cannot be committed is aborted, as long as that
// takes: while the sidecar is away nothing can be.
func (l *kafkaLoad) end(c *kgo.Client, commit bool) bool {
	if err := c.EndTransaction(l.ctx, kgo.TransactionEndTry(commit)); err == nil {
		return true
	}
	for l.ctx.Err() == nil {
		if c.EndTransaction(l.ctx, kgo.TryAbort) == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return false
}

// writer produces with kafka-go, which writes again what was not answered: at least
// once.
func (l *kafkaLoad) writer(topic string) {
	transport := new(kafkago.Transport)
	defer transport.CloseIdleConnections()
	w := &kafkago.Writer{Addr: kafkago.TCP(l.address), Topic: topic, RequiredAcks: kafkago.RequireAll, BatchSize: 1, MaxAttempts: 20, Transport: transport}
	defer w.Close()
	for i := 0; !l.stop.Load(); i++ {
		value := fmt.Sprint(i)
		err := w.WriteMessages(l.ctx, kafkago.Message{Key: fmt.Append(nil, "k", i%20), Value: []byte(value)})
		if err == nil {
			l.wrote(topic, value)
		} else if l.ctx.Err() != nil {
			l.t.Errorf("kafka-go: message %d: %v", i, err)
			return
		}
	}
}

// administer asks and changes things as tools do.
func (l *kafkaLoad) administer() {
	c := kafkaClient(l.t, l.address)
	for i := 0; !l.stop.Load(); i++ {
		topic := kmsg.NewCreateTopicsRequestTopic()
		topic.Topic, topic.NumPartitions, topic.ReplicationFactor = fmt.Sprint("made-", i), 3, 1
		create := kmsg.NewPtrCreateTopicsRequest()
		create.Topics = append(create.Topics, topic)
		if _, err := create.RequestWith(l.ctx, c); err != nil && l.ctx.Err() != nil {
			l.t.Errorf("create %d: %v", i, err)
			return
		}
		about, err := kmsg.NewPtrDescribeClusterRequest().RequestWith(l.ctx, c)
		if err == nil {
			for _, b := range about.Brokers {
				if want := fmt.Sprintf("127.92.%d.%d", b.NodeID>>8, b.NodeID&255); b.Host != want {
					l.t.Errorf("node %d is told to be at %s:%d", b.NodeID, b.Host, b.Port)
				}
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// readers consume topics in a group and tell where each value was.
type seenAt map[string]map[string]int // by topic and value: at how many places

func (l *kafkaLoad) read(topics []string, opts ...kgo.Opt) func(done func(seenAt) bool) seenAt {
	var mu sync.Mutex
	got, places := seenAt{}, map[string]bool{}
	for range 2 {
		c := kafkaClient(l.t, l.address, append([]kgo.Opt{
			kgo.ConsumeTopics(topics...), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxWait(200 * time.Millisecond),
		}, opts...)...)
		l.work.Go(func() {
			for l.ctx.Err() == nil {
				fetches := c.PollFetches(l.ctx)
				if fetches.IsClientClosed() {
					return
				}
				mu.Lock()
				fetches.EachRecord(func(r *kgo.Record) {
					place := fmt.Sprint(r.Topic, r.Partition, " ", r.Offset)
					if places[place] {
						return // a group may give a record twice: its members come and go
					}
					places[place] = true
					if got[r.Topic] == nil {
						got[r.Topic] = map[string]int{}
					}
					got[r.Topic][string(r.Value)]++
				})
				mu.Unlock()
			}
		})
	}
	return func(done func(seenAt) bool) seenAt {
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			mu.Lock()
			ok := done(got)
			mu.Unlock()
			if ok {
				break
			}
		}
		mu.Lock()
		defer mu.Unlock()
		return got
	}
}

// all tells whether every value that was written has been seen.
func (l *kafkaLoad) all(got seenAt) bool {
	for topic, values := range l.acked {
		for _, v := range values {
			if got[topic][v] == 0 {
				return false
			}
		}
	}
	return true
}

// check looks for what was lost, and for what came twice where that may not be.
func (l *kafkaLoad) check(who string, got seenAt) {
	for topic, values := range l.acked {
		lost, twice := 0, 0
		for _, v := range values {
			switch n := got[topic][v]; {
			case n == 0:
				lost++
			case n > 1 && topic != "at-least-once":
				twice++
			}
		}
		l.t.Logf("%s: %s: %d written, %d lost, %d twice", who, topic, len(values), lost, twice)
		if lost > 0 || twice > 0 {
			l.t.Errorf("%s: %s: %d of %d are lost, %d are there twice", who, topic, lost, len(values), twice)
		}
	}
}

// Leaders move, brokers come, go and come back elsewhere, and the sidecar is
// restarted, all while clients of two libraries produce, transact, consume in groups
// of both kinds, and make topics.
func TestKafkaUnderLoadNothingIsLostAndNobodyGoesPastTheSidecar(t *testing.T) {
	cluster, gate := brokers.Fake(t, 3, kafkaSource, kfake.SeedTopics(kafkaPartitions, "once", "transactions", "at-least-once"))
	cfg := kafkaConf(cluster)
	cfg.address, cfg.process = freeAddress(t), `grace = "3s"`
	p := start(t, "", cfg)
	ctx, cancel := context.WithTimeout(context.Background(), 4*patience)
	defer cancel()
	l := &kafkaLoad{t: t, address: p.port, ctx: ctx, acked: map[string][]string{}}
	topics := []string{"once", "transactions", "at-least-once"}
	classic := l.read(topics, kgo.ConsumerGroup("classic"))
	newer := l.read(topics, kgo.ConsumerGroup("newer"), kgo.ServerSideBalancer())
	var writers sync.WaitGroup
	writers.Go(func() { l.idempotent("once") })
	writers.Go(func() { l.transact("transactions") })
	writers.Go(func() { l.writer("at-least-once") })
	writers.Go(l.administer)

	move := func(n int) {
		for range n {
			time.Sleep(50 * time.Millisecond)
			topic, partition := topics[rand.IntN(len(topics))], rand.Int32N(kafkaPartitions)
			nodes := []int32{0, 1, 2}
			_ = cluster.MoveTopicPartition(topic, partition, nodes[rand.IntN(len(nodes))]) // it may be there already
		}
	}
	move(8)
	node, _, err := cluster.AddNode(300, 0)
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the new node", func() bool { return p.log.has("300 at 127.92.1.44") })
	move(4)
	p.signal(syscall.SIGTERM)
	p.wait()
	p = start(t, "", cfg)
	move(4)
	if err := cluster.RemoveNode(node); err != nil {
		t.Fatal(err)
	}
	move(2)
	if _, _, err := cluster.AddNode(301, 0); err != nil {
		t.Fatal(err)
	}
	move(2)

	l.stop.Store(true)
	writers.Wait()
	l.check("a classic group", classic(l.all))
	l.check("a group of KIP-848", newer(l.all))
	cancel()
	l.work.Wait()
	if n := gate.TurnedAway(); n != 0 {
		t.Errorf("%d connections came past the sidecar", n)
	}
	t.Logf("%d connections to brokers, %d past the sidecar", gate.Let(), gate.TurnedAway())
}
