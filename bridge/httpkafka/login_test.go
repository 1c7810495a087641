package httpkafka

import (
	"context"
	"strings"
	"testing"
	"time"

	"sidecar/internal/brokers"
	"sidecar/wire/kafka"

	"github.com/twmb/franz-go/pkg/kfake"
)

func TestProducerLogsIn(t *testing.T) {
	for _, name := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		t.Run(name, func(t *testing.T) {
			c, _ := brokers.Fake(t, 1, "", kfake.SeedTopics(1, "orders"), kfake.EnableSASL(), kfake.Superuser(name, "app", "secret"))
			password := "wrong"
			r := newRig(t, c.ListenAddrs(), func(s *Settings, p *Params) {
				s.Mechanism = name
				p.Login = func() kafka.DialSettings { return kafka.DialSettings{Username: "app", Password: password} }
			})
			r.timeout = 500 * time.Millisecond
			got := r.post(t, "/topics/orders", "", "v")
			if got.status != 504 && got.status != 502 || strings.Contains(got.raw, "wrong") {
				t.Errorf("with a wrong password: %d: %s", got.status, got.raw)
			}
			if err := <-r.seen; !strings.Contains(err.Error(), "login") {
				t.Errorf("told outside as %v", err)
			}
			r.Close(context.Background())

			password = "secret"
			r = newRig(t, c.ListenAddrs(), func(s *Settings, p *Params) {
				s.Mechanism = name
				p.Login = func() kafka.DialSettings { return kafka.DialSettings{Username: "app", Password: password} }
			})
			if got := r.post(t, "/topics/orders", "", "v"); got.status != 200 {
				t.Errorf("%d: %s", got.status, got.raw)
			}
		})
	}
}

func TestTokensAreAskedForAtEachLogin(t *testing.T) {
	asked := 0
	m := mechanism("OAUTHBEARER", func() kafka.DialSettings {
		return kafka.DialSettings{Token: func(context.Context) (string, error) {
			asked++
			return "t", nil
		}}
	})
	for range 2 {
		if _, first, err := m.Authenticate(t.Context(), "b"); err != nil || !strings.Contains(string(first), "Bearer t") {
			t.Errorf("%q, %v", first, err)
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
	if mechanism("", nil) != nil {
		t.Error("logs in without a mechanism")
	}
}
