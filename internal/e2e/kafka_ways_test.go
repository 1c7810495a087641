package e2e

import (
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	saslplain "github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"sidecar/internal/brokers"
)

// produced has one record written to each partition, and so by each broker.
func producedToAll(t testing.TB, c *kgo.Client, topic string, value string) {
	t.Helper()
	for i := range int32(kafkaPartitions) {
		r := &kgo.Record{Topic: topic, Partition: i, Value: []byte(value)}
		if err := c.ProduceSync(within(t), r).FirstErr(); err != nil {
			t.Fatalf("partition %d: %v", i, err)
		}
	}
}

func TestKafkaBrokersKeepTheirPortsOverARestart(t *testing.T) {
	cluster, gate := brokers.Fake(t, 3, kafkaSource, kfake.SeedTopics(kafkaPartitions, "orders"))
	cfg := kafkaConf(cluster)
	cfg.address, cfg.process = freeAddress(t), fmt.Sprintf("state_dir = %q", t.TempDir())
	first := strings.Split(freeAddress(t), ":")[1]
	var from int
	fmt.Sscan(first, &from)
	cfg.listener = fmt.Sprintf("[listener.kafka]\nadvertise = \"ports\"\nports = \"%d-%d\"\nadvertise_host = \"localhost\"", from, from+20)
	p := start(t, "", cfg)
	c := kafkaClient(t, p.port, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	producedToAll(t, c, "orders", "before")
	told := p.log.find(`msg=brokers .*nodes="([^"]*)"`)
	if !strings.Contains(told, "at localhost:") {
		t.Errorf("nodes are told to be %s", told)
	}
	p.signal(syscall.SIGTERM)
	p.wait()
	if _, _, err := cluster.AddNode(0, 0); err == nil {
		t.Fatal("node 0 is there twice")
	}
	p = start(t, "", cfg)
	producedToAll(t, c, "orders", "after")
	if again := p.log.find(`msg=brokers .*nodes="([^"]*)"`); again != told {
		t.Errorf("nodes were told to be %s, and are %s after a restart", told, again)
	}
	if n := gate.TurnedAway(); n != 0 {
		t.Errorf("%d connections came past the sidecar", n)
	}
}

func TestKafkaProducersNeedOneAddressOnly(t *testing.T) {
	cluster, gate := brokers.Fake(t, 3, kafkaSource, kfake.SeedTopics(kafkaPartitions, "orders"))
	cfg := kafkaConf(cluster)
	cfg.listener = "[listener.kafka]\nmode = \"producer\""
	p := start(t, "", cfg)
	dialled := map[string]bool{}
	c := kafkaClient(t, p.port, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	producedToAll(t, c, "orders", "v")
	meta, err := kmsg.NewPtrMetadataRequest().RequestWith(within(t), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range meta.Brokers {
		dialled[net.JoinHostPort(b.Host, fmt.Sprint(b.Port))] = true
	}
	if len(dialled) != 1 || !dialled[p.port] {
		t.Errorf("brokers are at %v, want %s alone", dialled, p.port)
	}
	if n := gate.TurnedAway(); n != 0 {
		t.Errorf("%d connections came past the sidecar", n)
	}
}

func TestKafkaHiddenAPIsAreNeitherToldNorServed(t *testing.T) {
	cluster, _ := brokers.Fake(t, 1, kafkaSource, kfake.SeedTopics(1, "orders"))
	cfg := kafkaConf(cluster)
	cfg.listener = "[listener.kafka]\nhide = [\"admin\", \"write\"]"
	p := start(t, "", cfg)
	c := kafkaClient(t, p.port, kgo.RequestRetries(0))
	told, err := kmsg.NewPtrApiVersionsRequest().RequestWith(within(t), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range told.ApiKeys {
		if k.ApiKey == 20 || k.ApiKey == 22 { // Produce is told of, for librdkafka
			t.Errorf("clients are told of API %d", k.ApiKey)
		}
	}
	// A reload gives it back, to connections to come.
	cfg.listener = "[listener.kafka]\nhide = [\"admin\"]"
	p.reload(cfg, "configuration reloaded")
	again := kafkaClient(t, p.port, kgo.DefaultProduceTopic("orders"))
	if err := again.ProduceSync(within(t), kgo.StringRecord("v")).FirstErr(); err != nil {
		t.Error(err)
	}
	conn, err := net.Dial("tcp", p.port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	conn.Write([]byte{0, 0, 0, 10, 0, 20, 0, 1, 0, 0, 0, 7, 0xff, 0xff}) // DeleteTopics
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("%d bytes of an answer", n)
	}
	await(t, "its reason in /why", func() bool {
		_, text := p.admin.get("/why")
		return strings.Contains(text, "DeleteTopics is hidden on this listener")
	})
	await(t, "and in the log", func() bool {
		return p.log.has("client refused") && p.log.has("DeleteTopics is hidden on this listener")
	})
}

func TestKafkaClientsLogInToTheSidecarWhichLogsInToBrokers(t *testing.T) {
	cluster, gate := brokers.Fake(t, 3, kafkaSource, kfake.SeedTopics(kafkaPartitions, "orders"), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", "sidecar", "inner"))
	t.Setenv("E2E_KAFKA_INNER", "inner")
	t.Setenv("E2E_KAFKA_OUTER", "outer")
	cfg := kafkaConf(cluster)
	cfg.upstream += "\n[upstream.web.kafka]\nmechanism = \"SCRAM-SHA-512\"\nusername = \"sidecar\"\npassword = { env = \"E2E_KAFKA_INNER\" }"
	cfg.listener = "[[listener.kafka.user]]\nname = \"app\"\npassword = { env = \"E2E_KAFKA_OUTER\" }"
	p := start(t, "", cfg)
	mechanisms := map[string]kgo.Opt{
		"PLAIN":         kgo.SASL(saslplain.Auth{User: "app", Pass: "outer"}.AsMechanism()),
		"SCRAM-SHA-256": kgo.SASL(scram.Auth{User: "app", Pass: "outer"}.AsSha256Mechanism()),
	}
	for name, login := range mechanisms {
		c := kafkaClient(t, p.port, kgo.RecordPartitioner(kgo.ManualPartitioner()), login)
		producedToAll(t, c, "orders", name)
	}
	wrong := kafkaClient(t, p.port, kgo.SASL(saslplain.Auth{User: "app", Pass: "wrong"}.AsMechanism()), kgo.RequestRetries(0))
	if err := wrong.Ping(within(t)); err == nil {
		t.Error("a wrong password is taken")
	}
	await(t, "the reason in the log", func() bool { return p.log.has("wrong name or password") })
	if n := gate.TurnedAway(); n != 0 {
		t.Errorf("%d connections came past the sidecar", n)
	}
	if _, text := p.admin.get("/config"); strings.Contains(text, "outer") {
		t.Error("a password is shown")
	}
}

func TestKafkaWrongPasswordAtBrokersIsTold(t *testing.T) {
	cluster, _ := brokers.Fake(t, 1, kafkaSource, kfake.EnableSASL(), kfake.Superuser("PLAIN", "sidecar", "inner"))
	t.Setenv("E2E_KAFKA_INNER", "wrong")
	cfg := kafkaConf(cluster)
	cfg.upstream += "\n[upstream.web.kafka]\nmechanism = \"PLAIN\"\nusername = \"sidecar\"\npassword = { env = \"E2E_KAFKA_INNER\" }"
	p := launch(t, "", cfg)
	await(t, "a reason in the log", func() bool { return p.log.has("SaslAuthenticate") || p.log.has("password") })
}

// What another protocol says of a listener has no limits of Kafka's in it, and would
// refuse every client.
func TestKafkaListenerThatBecomesAnotherStaysUntilARestart(t *testing.T) {
	cluster, _ := brokers.Fake(t, 1, kafkaSource, kfake.SeedTopics(1, "orders"))
	cfg := kafkaConf(cluster)
	cfg.address = freeAddress(t)
	p := start(t, "", cfg)
	cfg.protocol = "http"
	p.reload(cfg, "configuration reloaded")
	if line := `changed listener waits for a restart" listener=web keys=protocol`; !p.log.has(line) {
		t.Errorf("the log has no %q", line)
	}
	c := kafkaClient(t, p.port, kgo.DefaultProduceTopic("orders"))
	if err := c.ProduceSync(within(t), kgo.StringRecord("v")).FirstErr(); err != nil {
		t.Error(err)
	}
}
