package kafka

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"sidecar"
	"sidecar/internal/brokers"
)

func TestALoginIsRenewedBetweenTwoRequests(t *testing.T) {
	cluster, _ := brokers.Fake(t, 1, "127.0.0.99", kfake.SeedTopics(1, "orders"), kfake.EnableSASL(), kfake.Superuser(MechanismScram256, "u", "p"),
		kfake.BrokerConfigs(map[string]string{"connections.max.reauth.ms": "3600000"}))
	var shakes atomic.Int64
	cluster.ControlKey(KeySASLHandshake, func(kmsg.Request) (kmsg.Response, error, bool) {
		shakes.Add(1)
		cluster.KeepControl()
		return nil, nil, false
	})
	for _, plainBroker := range []bool{false, true} {
		s := newStage(t, cluster.ListenAddrs()[0])
		s.brokerPlain.Store(plainBroker)
		// Two logins are as old as one of an hour is when it has to be renewed.
		var old atomic.Int64
		old.Store(2)
		s.dialer = NewDialer(DialParams{Dial: s.dial, Buffers: s.bufs, Now: func() int64 {
			if old.Add(-1) >= 0 {
				return sidecar.Now() - int64(58*time.Minute)
			}
			return sidecar.Now()
		}}, DialSettings{Mechanism: MechanismScram256, Username: "u", Password: "p"})
		shakes.Store(0)
		cl, err := kgo.NewClient(kgo.SeedBrokers(s.addr), kgo.DefaultProduceTopic("orders"), kgo.RequestRetries(0))
		if err != nil {
			t.Fatal(err)
		}
		for range 50 {
			if err := cl.ProduceSync(context.Background(), kgo.StringRecord("v")).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		cl.Close()
		if n, dials := shakes.Load(), s.dials.Load(); n != dials+2 {
			t.Errorf("%d handshakes on %d connections, want 2 to be renewed", n, dials)
		}
	}
}
