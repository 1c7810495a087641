//go:build conformance

package brokers

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Real brokers keep what they are given while leaders move and one of them is
// killed and comes back at another address; a stranger is turned away.
func TestConformanceOfRealBrokers(t *testing.T) {
	r := StartReal(t, RealParams{Nodes: 3, From: "127.0.0.99"})
	r.CreateTopic("orders", 6)
	c := r.Client(kgo.DefaultProduceTopic("orders"))
	for i := range 5 {
		for j := range 100 {
			rec := &kgo.Record{Key: fmt.Appendf(nil, "k%d", j), Value: fmt.Appendf(nil, "%d", i)}
			if err := c.ProduceSync(context.Background(), rec).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		r.MoveLeaders("orders")
	}
	r.Node(2).Kill()
	r.Node(2).Move("127.0.0.2:0")
	r.Node(2).Start()
	r.AwaitWhole("orders")
	stranger, err := kgo.NewClient(kgo.SeedBrokers(r.Seeds()...), kgo.RequestRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	if err := stranger.Ping(context.Background()); err == nil {
		t.Error("a stranger was answered")
	}
	if r.Gate.TurnedAway() == 0 || r.Gate.Let() == 0 {
		t.Errorf("let in %d, turned away %d", r.Gate.Let(), r.Gate.TurnedAway())
	}
	reader := r.Client(kgo.ConsumeTopics("orders"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	n := 0
	for n < 500 && ctx.Err() == nil {
		n += reader.PollFetches(ctx).NumRecords()
	}
	if n != 500 {
		t.Errorf("read %d records, want 500", n)
	}
}

func TestConformanceOfRealBrokersWithTLSAndLogins(t *testing.T) {
	a := NewAuthority(t)
	r := StartReal(t, RealParams{
		Security: "SASL_SSL", Identity: a.Sign(t, time.Hour), Users: map[string]string{"alice": "secret"},
	})
	r.CreateTopic("orders", 1)
}
