package kafka

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"sidecar"
	"sidecar/internal/brokers"
)

// ping asks the broker something that wants a login, over c.
func (d *dials) ping(c *Conn) error {
	return d.converse(d.t.Context(), c.Sock, func(t *conversation) error {
		req := kmsg.NewPtrMetadataRequest()
		req.Version = 12
		_, err := t.ask(req)
		return err
	})
}

func TestTheSidecarLogsInByEachMechanism(t *testing.T) {
	for _, mechanism := range []string{MechanismPlain, MechanismScram256, MechanismScram512} {
		t.Run(mechanism, func(t *testing.T) {
			cluster, _ := brokers.Fake(t, 1, "", kfake.EnableSASL(), kfake.Superuser(mechanism, "us,er=", "pass,word="))
			address := cluster.ListenAddrs()[0]
			d := newDials(t, DialSettings{Mechanism: mechanism, Username: "us,er=", Password: "pass,word="})
			for range 3 {
				c := d.open(address)
				if c.Expires != 0 || c.Renew != 0 {
					t.Errorf("expires %d", c.Expires)
				}
				if err := d.ping(c); err != nil {
					t.Error(err)
				}
			}
			d.Set(DialSettings{Mechanism: mechanism, Username: "us,er=", Password: "another"})
			if _, err := d.Connect(t.Context(), address); err == nil || !strings.Contains(err.Error(), "see username") {
				t.Errorf("wrong password: %v", err)
			}
		})
	}
}

func TestMechanismsThatABrokerHasNotAreTold(t *testing.T) {
	cluster, _ := brokers.Fake(t, 1, "", kfake.EnableSASL(), kfake.Superuser(MechanismPlain, "u", "p"))
	d := newDials(t, DialSettings{Mechanism: MechanismToken, Token: func(context.Context) (string, error) { return "t0ken", nil }})
	_, err := d.Connect(t.Context(), cluster.ListenAddrs()[0])
	if err == nil || !strings.Contains(err.Error(), "the broker has no OAUTHBEARER at this port, it has: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512") {
		t.Errorf("got %v", err)
	}
}

func TestATokenIsTakenAnewForEachLogin(t *testing.T) {
	said := make(chan string, 4)
	address := scripted(t, func(k *talker) {
		if _, ok := k.greeted().(*kmsg.SASLHandshakeRequest); !ok {
			return
		}
		k.say(kmsg.NewPtrSASLHandshakeResponse())
		req := k.hear().(*kmsg.SASLAuthenticateRequest)
		said <- string(req.SASLAuthBytes)
		answer := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		if strings.Contains(string(req.SASLAuthBytes), "t2") {
			answer.SASLAuthBytes = []byte(`{"status":"invalid_token"} t2`)
		}
		k.say(answer)
		k.hear()
	})
	n := 0
	d := newDials(t, DialSettings{Mechanism: MechanismToken, Token: func(context.Context) (string, error) {
		if n++; n > 2 {
			return "", errors.New("the file is empty")
		}
		return "t" + string(rune('0'+n)), nil
	}})
	d.open(address)
	if got := <-said; got != "n,,\x01auth=Bearer t1\x01\x01" {
		t.Errorf("said %q", got)
	}
	for _, want := range []string{`refuses the token: {"status":"invalid_token"} ***`, "OAUTHBEARER: no token: the file is empty; see [upstream.X.kafka]"} {
		if _, err := d.Connect(t.Context(), address); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestOldBrokersAreLoggedInToByTheVersionThatTheyHave(t *testing.T) {
	for most := range int16(4) {
		had := make(chan int16, 1)
		address := scripted(t, func(k *talker) {
			k.hear()
			k.versions(map[int16]int16{KeySASLHandshake: 1, KeySASLAuthenticate: most})
			k.hear()
			k.say(kmsg.NewPtrSASLHandshakeResponse())
			req := k.hear()
			had <- req.GetVersion()
			answer := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
			answer.SessionLifetimeMillis = 10_000
			k.say(answer)
			k.hear()
		})
		d := newDials(t, DialSettings{Mechanism: MechanismPlain, Username: "u", Password: "p"})
		now := int64(5)
		d.now = func() int64 { return now }
		c := d.open(address)
		if got := <-had; got != min(most, 2) {
			t.Errorf("version %d for %d", got, most)
		}
		if most == 0 {
			if c.Expires != 0 {
				t.Error("version 0 tells no life")
			}
			continue
		}
		if c.Expires != now+int64(10*time.Second) || c.Renew < now+int64(8500*time.Millisecond) || c.Renew > now+int64(9500*time.Millisecond) {
			t.Errorf("expires %d, renewed %d", c.Expires, c.Renew)
		}
		if c.Status(true) != sidecar.Open {
			t.Error("a fresh connection is closed")
		}
		if now = c.Renew; c.Status(false) != sidecar.Closed {
			t.Error("a connection whose login ends soon is used")
		}
	}
	d := newDials(t, DialSettings{Mechanism: MechanismPlain, Username: "u", Password: "p"})
	_, err := d.Connect(t.Context(), scripted(t, func(k *talker) { k.hear(); k.versions(nil); k.hear() }))
	if err == nil || !strings.Contains(err.Error(), "older than Kafka 1.0") {
		t.Errorf("got %v", err)
	}
}

func TestABrokerCannotHaveUsComputeForLong(t *testing.T) {
	for _, first := range []string{"r=%s,s=QUJD,i=2000000000", "r=%s,s=QUJD,i=99999999999999999999", "r=%s,s=" + strings.Repeat("QUJD", 1000) + ",i=4096", "r=%s,s=QUJD,i=1"} {
		address := scripted(t, func(k *talker) {
			k.greeted()
			k.say(kmsg.NewPtrSASLHandshakeResponse())
			req := k.hear().(*kmsg.SASLAuthenticateRequest)
			_, nonce, _ := strings.Cut(string(req.SASLAuthBytes), "r=")
			answer := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
			answer.SASLAuthBytes = []byte(strings.Replace(first, "%s", nonce+"x", 1))
			k.say(answer)
			k.hear()
		})
		d := newDials(t, DialSettings{Mechanism: MechanismScram512, Username: "u", Password: "p"})
		if _, err := d.Connect(t.Context(), address); err == nil || !strings.Contains(err.Error(), "SCRAM-SHA-512: ") {
			t.Errorf("%.30s: %v", first, err)
		}
	}
}

func TestABrokerMustProveThatItKnowsThePassword(t *testing.T) {
	for _, final := range []string{"", "v=AAAA", "e=other-error", "x"} {
		address := scripted(t, func(k *talker) {
			k.greeted()
			k.say(kmsg.NewPtrSASLHandshakeResponse())
			req := k.hear().(*kmsg.SASLAuthenticateRequest)
			_, nonce, _ := strings.Cut(string(req.SASLAuthBytes), "r=")
			answer := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
			answer.SASLAuthBytes = []byte("r=" + nonce + "x,s=QUJD,i=4096")
			k.say(answer)
			k.hear()
			answer.SASLAuthBytes = []byte(final)
			k.say(answer)
			k.hear()
		})
		d := newDials(t, DialSettings{Mechanism: MechanismScram256, Username: "u", Password: "p"})
		if _, err := d.Connect(t.Context(), address); err == nil {
			t.Errorf("%q is taken", final)
		}
	}
}

func TestConnectionsOfAnotherUserAreNotUsed(t *testing.T) {
	cluster, _ := brokers.Fake(t, 1, "", kfake.EnableSASL(), kfake.Superuser(MechanismPlain, "u", "p"))
	s := DialSettings{Mechanism: MechanismPlain, Username: "u", Password: "p"}
	d := newDials(t, s)
	c := d.open(cluster.ListenAddrs()[0])
	for _, k := range []struct {
		user, password string
		want           sidecar.Status
	}{{"u", "p", sidecar.Open}, {"u", "new", sidecar.Open}, {"other", "p", sidecar.Closed}} {
		s.Username, s.Password = k.user, k.password
		if d.Set(s); c.Status(false) != k.want {
			t.Errorf("%v: %v", k, c.Status(false))
		}
	}
}

func TestALoginIsRenewedInBand(t *testing.T) {
	cluster, _ := brokers.Fake(t, 1, "", kfake.EnableSASL(), kfake.Superuser(MechanismScram256, "u", "p"),
		kfake.BrokerConfigs(map[string]string{"connections.max.reauth.ms": "60000"}))
	d := newDials(t, DialSettings{Mechanism: MechanismScram256, Username: "u", Password: "p"})
	now := int64(-5)
	d.now = func() int64 { return now }
	c := d.open(cluster.ListenAddrs()[0])
	if c.Expires != now+int64(time.Minute) {
		t.Fatalf("expires %d", c.Expires)
	}
	now = c.Renew
	if f := c.Reauthenticate(t.Context()); f != nil {
		t.Fatal(f)
	}
	if c.Expires != now+int64(time.Minute) || c.Renew <= now {
		t.Errorf("expires %d, renewed %d", c.Expires, c.Renew)
	}
	if err := d.ping(c); err != nil {
		t.Error(err)
	}
	d.Set(DialSettings{Mechanism: MechanismScram256, Username: "u", Password: "wrong"})
	if f := c.Reauthenticate(t.Context()); f == nil || f.Stage != sidecar.StageRead {
		t.Errorf("got %v", f)
	}
}

func TestOneQuestionIsAskedInTheVersionThatBothKnow(t *testing.T) {
	for _, opts := range [][]kfake.Opt{nil, {kfake.EnableSASL(), kfake.Superuser(MechanismPlain, "u", "p")}} {
		cluster, _ := brokers.Fake(t, 3, "", append(opts, kfake.SeedTopics(2000, "a"))...)
		s := DialSettings{}
		if opts != nil {
			s = DialSettings{Mechanism: MechanismPlain, Username: "u", Password: "p"}
		}
		d := newDials(t, s)
		answer, err := d.Ask(t.Context(), cluster.ListenAddrs()[0], kmsg.NewPtrMetadataRequest())
		if err != nil {
			t.Fatal(err)
		}
		m := answer.(*kmsg.MetadataResponse)
		if len(m.Brokers) != 3 || len(m.Topics) != 1 || len(m.Topics[0].Partitions) != 2000 || m.Version < 12 {
			t.Errorf("%d brokers, %d topics in version %d", len(m.Brokers), len(m.Topics), m.Version)
		}
	}
}

func TestAQuestionThatTheBrokerDoesNotKnowIsNotAsked(t *testing.T) {
	address := scripted(t, func(k *talker) { k.greeted() })
	d := newDials(t, DialSettings{})
	_, err := d.Ask(t.Context(), address, kmsg.NewPtrDescribeClusterRequest())
	if err == nil || !strings.Contains(err.Error(), "DescribeCluster: the broker does not have it") {
		t.Errorf("got %v", err)
	}
	_, err = d.Ask(t.Context(), address, kmsg.NewPtrMetadataRequest()) // the broker closes it
	if err == nil || !strings.Contains(err.Error(), "Metadata: the connection was closed: does the broker want a login?") {
		t.Errorf("got %v", err)
	}
}
