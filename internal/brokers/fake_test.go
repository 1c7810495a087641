package brokers

import (
	"context"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

func TestFakeBrokersKeepWhatIsProduced(t *testing.T) {
	c, gate := Fake(t, 3, "", kfake.SeedTopics(6, "orders"))
	w := &kafkago.Writer{Addr: kafkago.TCP(c.ListenAddrs()...), Topic: "orders", BatchSize: 1}
	defer w.Close()
	if err := w.WriteMessages(context.Background(), kafkago.Message{Key: []byte("k"), Value: []byte("v")}); err != nil {
		t.Fatal(err)
	}
	r, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics("orders"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, rec := range r.PollFetches(context.Background()).Records() {
		if string(rec.Value) != "v" {
			t.Errorf("value is %q", rec.Value)
		}
	}
	if gate.Let() == 0 || gate.TurnedAway() != 0 {
		t.Errorf("let in %d, turned away %d", gate.Let(), gate.TurnedAway())
	}
}

func TestGateTurnsStrangersAway(t *testing.T) {
	c, gate := Fake(t, 1, "127.0.0.99")
	r, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.RequestRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Ping(context.Background()); err == nil {
		t.Error("a stranger was answered")
	}
	if gate.Let() != 0 || gate.TurnedAway() == 0 {
		t.Errorf("let in %d, turned away %d", gate.Let(), gate.TurnedAway())
	}
}
