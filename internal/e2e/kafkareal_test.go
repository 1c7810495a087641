//go:build conformance

package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"sidecar/internal/brokers"
	"sidecar/internal/kafkaclients"
)

// realConf is a sidecar before real brokers; more are further lines of the upstream.
func realConf(r *brokers.Real, more string) conf {
	return conf{protocol: "kafka", discover: strings.Join(r.Seeds(), ","), upstream: "source_address = \"" + kafkaSource + "\"\n" + more}
}

// Nine clients do through the sidecar what they do without, and none of them
// comes to a broker by itself.
func TestKafkaClientsConformance(t *testing.T) {
	k := kafkaclients.New(t)
	for _, version := range []string{brokers.DefaultVersion, "3.9.2", "4.3.0"} {
		t.Run("kafka "+version, func(t *testing.T) {
			r := brokers.StartReal(t, brokers.RealParams{Version: version, Nodes: 3, From: kafkaSource})
			var features []string
			if version >= "4" {
				features = []string{"consumer", "share"}
			}
			k.Each(t, start(t, built(t), realConf(r, "")).port, features...)
			if r.Gate.TurnedAway() != 0 || r.Gate.Let() == 0 {
				t.Errorf("%d connections came past the sidecar, %d from it", r.Gate.TurnedAway(), r.Gate.Let())
			}
		})
	}
}

// The moves and the time between them, in TestKafkaUnderTroubleConformance.
const (
	kafkaMoves = 20
	kafkaRest  = 3 * time.Second
)

// While all clients produce and consume, leaders move, a broker is killed and comes
// back at another address, and the sidecar is restarted: nothing is lost, nothing
// is there twice that an idempotent producer sent, the order of each key is kept,
// and no client comes past the sidecar.
func TestKafkaUnderTroubleConformance(t *testing.T) {
	k, program := kafkaclients.New(t), built(t)
	r := brokers.StartReal(t, brokers.RealParams{Nodes: 3, From: kafkaSource})
	r.CreateTopic("orders", 6)
	r.CreateTopic("orders-again", 6)
	c := realConf(r, "")
	c.address = freeAddress(t)
	c.process = `grace = "1s"`
	p := start(t, program, c)
	var producers, consumers []*kafkaclients.Load
	for _, one := range k.Clients() {
		if !one.Loads {
			continue
		}
		protocol := "classic"
		if one.Groups848 {
			protocol = "consumer"
		}
		topic := "orders"
		if !one.Idempotent { // what is there twice would be told of each reader
			topic = "orders-again"
		}
		// kafkajs gives records up, or has them twice, where leaders move; kafka-go's
		// groups stay with a coordinator that has gone: both without a sidecar, too.
		if one.Name != "kafkajs" {
			producers = append(producers, k.Produce(t, one, p.port, topic, one.Name))
		}
		if one.Name == "kafka-go" {
			continue
		}
		consumers = append(consumers, k.Consume(t, one, p.port, "orders", "g-"+one.Name, protocol))
	}
	for i := range kafkaMoves {
		time.Sleep(kafkaRest)
		r.MoveLeaders("orders")
		r.MoveLeaders("orders-again")
		r.MoveLeaders("__consumer_offsets")
		switch i {
		case 5: // the broker's disk stays, its address does not
			r.Node(2).Kill()
			r.Node(2).Move("127.0.0.2:0")
			r.Node(2).Start()
			r.AwaitWhole("orders")
		case 10:
			p.signal(syscall.SIGTERM)
			p.wait()
			p = start(t, program, c)
		case 14:
			r.Node(3).Door.Cut()
		}
	}
	total, all, named := 0, 0, map[string]int{}
	for _, l := range producers {
		sent, _, err := l.EndProduce()
		if err != nil {
			t.Error(err)
		}
		if l.Client.Idempotent {
			total += sent
		}
		all += sent
		named[l.Client.Name] = sent
	}
	t.Logf("%d records of %d producers", all, len(producers))
	lookedAt(t, r, producers, named)
	for _, l := range consumers {
		read, err := l.EndConsume(total)
		if err != nil {
			t.Error(err)
		}
		t.Logf("%s: %+v", l.Client.Name, read)
	}
	if r.Gate.TurnedAway() != 0 || r.Gate.Let() == 0 {
		t.Errorf("%d connections came past the sidecar, %d from it", r.Gate.TurnedAway(), r.Gate.Let())
	}
}

// lookedAt reads both topics past the sidecar: all records of each producer are there,
// those of an idempotent one in order and once.
func lookedAt(t *testing.T, r *brokers.Real, producers []*kafkaclients.Load, sent map[string]int) {
	t.Helper()
	c := r.Client(kgo.ConsumeTopics("orders", "orders-again"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	next, wrong, have := map[string]int{}, map[string]int{}, map[string]map[string]bool{}
	all := 0
	for _, l := range producers {
		all += sent[l.Client.Name]
		have[l.Client.Name] = map[string]bool{}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for seen := 0; seen < all && ctx.Err() == nil; {
		c.PollFetches(ctx).EachRecord(func(rec *kgo.Record) {
			key := string(rec.Key)
			name := key[:strings.LastIndexByte(key, '-')]
			if n, _ := strconv.Atoi(string(rec.Value)); n != next[key] {
				wrong[name]++
			}
			next[key]++
			if one := key + " " + string(rec.Value); !have[name][one] {
				have[name][one] = true
				seen++
			}
		})
	}
	for _, l := range producers {
		name := l.Client.Name
		if len(have[name]) != sent[name] || l.Client.Idempotent && wrong[name] != 0 {
			t.Errorf("%s: %d of %d records in the log, %d twice or out of order", name, len(have[name]), sent[name], wrong[name])
		}
		t.Logf("%s: %d records, %d twice or out of order", name, sent[name], wrong[name])
	}
}

// Plaintext clients reach brokers with TLS and SCRAM; what is wrong with a login
// or a certificate stands in words in the log and in /why, after one attempt.
func TestKafkaLoginsConformance(t *testing.T) {
	a := brokers.NewAuthority(t)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, a.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	users := map[string]string{"alice": "secret-of-alice"}
	good := brokers.StartReal(t, brokers.RealParams{Security: "SASL_SSL", Identity: a.Sign(t, time.Hour), Users: users, From: kafkaSource,
		Properties: map[string]string{"listener.name.client.connections.max.reauth.ms": "5000"}})
	program, k := built(t), kafkaclients.New(t)
	login := func(mechanism, password string) string {
		secret := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
			t.Fatal(err)
		}
		who := fmt.Sprintf("username = \"alice\"\npassword = { file = %q }", secret)
		if mechanism == "OAUTHBEARER" {
			who = fmt.Sprintf("token = { file = %q }", secret)
		}
		return fmt.Sprintf("[upstream.web.tls]\nca = %q\n[upstream.web.kafka]\nmechanism = %q\n%s", ca, mechanism, who)
	}
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		t.Run(mechanism, func(t *testing.T) {
			p := start(t, program, realConf(good, login(mechanism, users["alice"])))
			for _, c := range k.Clients() {
				if c.Name == "kgo" || c.Name == "kafka-python" || c.Name == "kcat" {
					if _, err := k.Run(c, p.port); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	t.Run("the client's own login passes", func(t *testing.T) {
		p := start(t, program, realConf(good, fmt.Sprintf("[upstream.web.tls]\nca = %q", ca)))
		out, err := exec.Command("kcat", "-L", "-b", p.port, "-X", "security.protocol=SASL_PLAINTEXT", "-X", "sasl.mechanisms=PLAIN",
			"-X", "sasl.username=alice", "-X", "sasl.password="+users["alice"]).CombinedOutput()
		if err != nil {
			t.Errorf("kcat: %v\n%s", err, out)
		}
		c := kafkaClient(t, p.port, kgo.SASL(scram.Auth{User: "alice", Pass: users["alice"]}.AsSha512Mechanism()))
		if err := c.Ping(within(t)); err != nil {
			t.Errorf("kgo: %v", err)
		}
	})
	expired := brokers.StartReal(t, brokers.RealParams{Security: "SASL_SSL", Identity: a.Sign(t, -time.Hour), Users: users, From: kafkaSource})
	plain := brokers.StartReal(t, brokers.RealParams{From: kafkaSource})
	for _, bad := range []struct {
		name, upstream string
		r              *brokers.Real
		words          string // that the log and /why have
	}{
		{"wrong password", login("SCRAM-SHA-512", "other"), good, `(?i)authentication failed|password|credentials`},
		{"wrong mechanism", login("OAUTHBEARER", "a.b.c"), good, `SCRAM-SHA-512`},
		{"expired certificate", login("SCRAM-SHA-512", users["alice"]), expired, `expired`},
		{"TLS to a plain port", login("SCRAM-SHA-512", users["alice"]), plain, `(?i)tls`},
		{"no TLS to a port of TLS", "", good, `(?i)tls`},
		{"no login", fmt.Sprintf("[upstream.web.tls]\nca = %q", ca), good, `(?i)sasl|log in|login`},
	} {
		t.Run(bad.name, func(t *testing.T) {
			told(t, launch(t, program, realConf(bad.r, bad.upstream)), bad.words)
		})
	}
	if n := good.Gate.TurnedAway() + expired.Gate.TurnedAway() + plain.Gate.TurnedAway(); n != 0 {
		t.Errorf("%d connections came past the sidecar", n)
	}
}

// told makes one attempt as a client, and looks for words in the log and in /why.
func told(t *testing.T, p *proc, words string) {
	t.Helper()
	re := regexp.MustCompile(words)
	c, err := net.Dial("tcp", p.port)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// ApiVersions v0, which needs no login, and Metadata v0.
	_, _ = c.Write([]byte{0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff})
	_, _ = c.Write([]byte{0, 0, 0, 14, 0, 3, 0, 0, 0, 0, 0, 2, 0xff, 0xff, 0, 0, 0, 0})
	_ = c.SetReadDeadline(time.Now().Add(patience))
	_, _ = io.Copy(io.Discard, c) // until it is closed
	if _, text := p.admin.get("/why"); !re.MatchString(text) {
		t.Errorf("/why has nothing of %s: %s", words, text)
	}
	if !re.MatchString(p.log.String()) {
		t.Errorf("the log has nothing of %s:\n%s", words, clip(p.log.String()))
	}
}
