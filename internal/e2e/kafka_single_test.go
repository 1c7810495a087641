package e2e

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"sidecar/internal/brokers"
)

// fromBrokers reads a topic from the brokers themselves: what came how often.
func fromBrokers(t *testing.T, cluster *kfake.Cluster, topic string, n int) map[string]int {
	t.Helper()
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(kafkaSource)}}
	c, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.Dialer(from.DialContext), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return consumed(t, within(t), c, n)
}

func TestProducersHaveOneKafkaBroker(t *testing.T) {
	cluster, gate := brokers.Fake(t, 3, kafkaSource, kfake.SeedTopics(kafkaPartitions, "orders", "events"))
	c := kafkaConf(cluster)
	c.listener = `kafka = { mode = "producer" }`
	p := start(t, "", c)
	ctx := within(t)
	c.address = p.port // the same for the one that comes next
	const records = 1000
	producer := kafkaClient(t, p.port, kgo.DefaultProduceTopic("orders"), kgo.MetadataMinAge(10*time.Millisecond))
	var work sync.WaitGroup
	work.Go(func() {
		for i := range records {
			if err := producer.ProduceSync(ctx, kgo.StringRecord(fmt.Sprint(i))).FirstErr(); err != nil {
				t.Errorf("record %d: %v", i, err)
				return
			}
			if i%200 == 100 { // as a record follows, nobody takes the epochs of kfake for a loss
				for part := range int32(kafkaPartitions) {
					if err := cluster.MoveTopicPartition("orders", part, (part+int32(i/100))%3); err != nil {
						t.Error(err)
					}
				}
			}
		}
	})
	work.Go(func() {
		transport := new(kafkago.Transport)
		defer transport.CloseIdleConnections()
		w := &kafkago.Writer{Addr: kafkago.TCP(p.port), Topic: "events", BatchSize: 10, BatchTimeout: time.Millisecond, Transport: transport, RequiredAcks: kafkago.RequireAll}
		defer w.Close()
		for i := range records / 2 {
			if err := w.WriteMessages(ctx, kafkago.Message{Value: fmt.Append(nil, i)}); err != nil {
				t.Errorf("kafka-go, record %d: %v", i, err)
				return
			}
		}
	})
	work.Wait()
	for metric, filter := range map[string]string{
		"sidecar.kafka.requests": "", "sidecar.kafka.clients": "", "sidecar.kafka.produce_acks": "", "sidecar.kafka.bytes_produced": "",
	} {
		if p.admin.sum(metric, filter) == 0 {
			t.Errorf("%s counts nothing", metric)
		}
	}
	p.finish()
	p = start(t, "", c)
	for i := range records {
		if err := producer.ProduceSync(ctx, kgo.StringRecord(fmt.Sprint(records+i))).FirstErr(); err != nil {
			t.Fatalf("behind a restart, record %d: %v", i, err)
		}
	}
	for topic, n := range map[string]int{"orders": 2 * records, "events": records / 2} {
		got := fromBrokers(t, cluster, topic, n)
		for i := range n {
			if v := fmt.Sprint(i); got[v] != 1 {
				t.Errorf("%s: record %s is there %d times", topic, v, got[v])
			}
		}
	}
	if n := gate.TurnedAway(); n != 0 {
		t.Errorf("%d connections came past the sidecar", n)
	}
	// Consumers of libraries give up before they come to this: ListOffsets is none of
	// what they are told of.
	nc, err := net.Dial("tcp", p.port)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	fetch := kmsg.NewPtrFetchRequest()
	fetch.SetVersion(11)
	if _, err := nc.Write(kmsg.NewRequestFormatter(kmsg.FormatterClientID("reader")).AppendRequest(nil, fetch, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := nc.Read(make([]byte, 1)); err == nil {
		t.Error("a consumer was served")
	}
	await(t, "what a consumer can do", func() bool {
		_, text := p.admin.get("/why")
		return strings.Contains(text, "this listener is for producers only") && p.log.has("client refused")
	})
}
