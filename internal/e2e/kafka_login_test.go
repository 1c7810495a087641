package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"sidecar/internal/brokers"
)

// trusting is what a client has that trusts the authority in ca, whatever address it
// comes to: the certificate is one for redis.test.
func trusting(t *testing.T, ca string) *tls.Config {
	t.Helper()
	pem, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return &tls.Config{RootCAs: pool, ServerName: "redis.test", MinVersion: tls.VersionTLS12}
}

// secured are brokers that speak TLS and want a login.
func secured(t *testing.T, cert, key string) *kfake.Cluster {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := brokers.Fake(t, 2, kafkaSource, kfake.SeedTopics(4, "orders"), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", "app", "inner"),
		kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}))
	return c
}

const loggedIn = `
[upstream.web.kafka]
mechanism = "SCRAM-SHA-512"
username = "app"
password = { env = "INNER" }
`

func TestKafkaThroughTLSOnBothSides(t *testing.T) {
	ca, cert, key := certificates(t)
	cluster := secured(t, cert, key)
	t.Setenv("INNER", "inner")
	mine := filepath.Join(t.TempDir(), "mine.pem")
	copyFile(t, cert, mine)
	c := kafkaConf(cluster)
	c.more = loggedIn + "[upstream.web.tls]\nca = \"" + ca + "\"\nserver_name = \"redis.test\"\n"
	c.listener = "[listener.tls]\ncert = \"" + mine + "\"\nkey = \"" + key + "\"\n"
	p := start(t, "", c)
	client := trusting(t, ca)
	produce := func(with *tls.Config) error {
		opts := []kgo.Opt{kgo.DefaultProduceTopic("orders"), kgo.RequestRetries(0), kgo.RecordRetries(1)}
		if with != nil {
			opts = append(opts, kgo.DialTLSConfig(with.Clone()))
		}
		return kafkaClient(t, p.port, opts...).ProduceSync(within(t), kgo.StringRecord("v")).FirstErr()
	}
	if err := produce(client); err != nil {
		t.Fatal(err)
	}
	if err := kafkaClient(t, p.port, kgo.RequestRetries(0)).Ping(within(t)); err == nil {
		t.Error("a client without TLS was served")
	}
	if _, text := p.admin.get("/why"); !strings.Contains(text, "speaks no TLS to this port, which wants it") || !p.log.has("clients cannot greet in TLS") {
		t.Errorf("/why does not tell of a client without TLS: %s", text)
	}
	// A certificate that is written anew is taken by a reload.
	otherCA, other, otherKey := certificates(t)
	copyFile(t, other, mine)
	copyFile(t, otherKey, key)
	p.signal(syscall.SIGHUP)
	await(t, "the new certificate", func() bool {
		nc, err := tls.Dial("tcp", p.port, trusting(t, otherCA))
		if err == nil {
			nc.Close()
		}
		return err == nil
	})
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// What is wrong between the sidecar and its brokers is told by the first session
// that fails for it.
func TestKafkaLoginsThatFailAreTold(t *testing.T) {
	ca, cert, key := certificates(t)
	otherCA, _, _ := certificates(t)
	secure := secured(t, cert, key)
	plain := hangsUp(t)
	inTLS := func(ca string) string {
		return "[upstream.web.tls]\nca = \"" + ca + "\"\nserver_name = \"redis.test\"\n"
	}
	t.Setenv("INNER", "inner")
	t.Setenv("WRONG", "wr0ng")
	for _, c := range []struct {
		name, discover, more, want string
	}{
		{"wrong password", "tcp://" + secure.ListenAddrs()[0], strings.Replace(loggedIn, "INNER", "WRONG", 1) + inTLS(ca), "see username, password and mechanism in [upstream.X.kafka]"},
		{"wrong mechanism", "tcp://" + secure.ListenAddrs()[0], strings.Replace(loggedIn, "SCRAM-SHA-512\"\nusername = \"app\"\npassword", "OAUTHBEARER\"\ntoken", 1) + inTLS(ca), "the broker has no OAUTHBEARER at this port, it has: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512"},
		{"no TLS", "tcp://" + secure.ListenAddrs()[0], loggedIn, "does the broker speak TLS at this port"},
		{"TLS at a plain port", "tcp://" + plain, loggedIn + inTLS(ca), "does it speak TLS at this port?"},
		{"another authority", "tcp://" + secure.ListenAddrs()[0], loggedIn + inTLS(otherCA), "set tls.ca to the file of the authority"},
		{"another name", "tcp://" + secure.ListenAddrs()[0], loggedIn + strings.Replace(inTLS(ca), "redis.test", "other.test", 1), "set tls.server_name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf := kafkaConf(secure)
			conf.discover, conf.more = c.discover, c.more
			p := start(t, "", conf)
			ctx, cancel := context.WithCancel(within(t))
			defer cancel()
			if err := kafkaClient(t, p.port, kgo.RequestRetries(0), kgo.RetryTimeout(1)).Ping(ctx); err == nil {
				t.Error("a client was served")
			}
			_, text := p.admin.get("/why?upstream=web")
			if !strings.Contains(text, c.want) {
				t.Errorf("/why does not tell %q: %s", c.want, text)
			}
			await(t, "the log", func() bool { return p.log.has(c.want) || p.log.has(strings.ReplaceAll(c.want, `"`, `\"`)) })
			if strings.Contains(text, "wr0ng") || p.log.has("wr0ng") {
				t.Error("the password is told")
			}
		})
	}
}

// hangsUp is a server that ends its connections when something comes, as a broker
// does at a plain port upon a greeting of TLS.
func hangsUp(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	t.Cleanup(func() { ln.Close(); work.Wait() })
	work.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			work.Go(func() {
				_, _ = c.Read(make([]byte, 2048))
				c.Close()
			})
		}
	})
	return ln.Addr().String()
}
