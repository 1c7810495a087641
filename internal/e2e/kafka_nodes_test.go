package e2e

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"sidecar/internal/brokers"
)

// kafkaNodes is where clients of the listener at address are told that brokers are,
// by their ids.
func kafkaNodes(t testing.TB, address string) map[int32]string {
	t.Helper()
	about, err := kmsg.NewPtrMetadataRequest().RequestWith(within(t), kafkaClient(t, address))
	if err != nil {
		t.Fatal(err)
	}
	nodes := map[int32]string{}
	for _, b := range about.Brokers {
		nodes[b.NodeID] = net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))
	}
	return nodes
}

// kafkaSays has a broker that is reached at address say which node it is: kfake and
// Kafka take the node that a request of ApiVersions names, from version 5 on, and
// refuse it if they are another (KIP-1242).
func kafkaSays(t testing.TB, address, cluster string, node int32) error {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	q := kmsg.NewPtrApiVersionsRequest()
	q.SetVersion(5)
	q.ClientSoftwareName, q.ClientSoftwareVersion, q.ClusterID, q.NodeID = "test", "1", &cluster, node
	if _, err := c.Write(kmsg.NewRequestFormatter().AppendRequest(nil, q, 1)); err != nil {
		return err
	}
	var head [10]byte // length, correlation id, error
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return err
	}
	if code := int(head[8])<<8 | int(head[9]); code != 0 {
		return fmt.Errorf("error code %d", code)
	}
	return nil
}

func kafkaCluster(t testing.TB, address string) string {
	t.Helper()
	about, err := kmsg.NewPtrMetadataRequest().RequestWith(within(t), kafkaClient(t, address))
	if err != nil || about.ClusterID == nil {
		t.Fatal(err, about)
	}
	return *about.ClusterID
}

func TestKafkaNodesAreWhoTheirAddressesSay(t *testing.T) {
	cluster, gate := brokers.Fake(t, 3, kafkaSource)
	p := start(t, "", kafkaConf(cluster))
	id := kafkaCluster(t, p.port)
	for node, address := range kafkaNodes(t, p.port) {
		if err := kafkaSays(t, address, id, node); err != nil {
			t.Errorf("node %d at %s: %v", node, address, err)
		}
		if err := kafkaSays(t, address, id, node+1); err == nil {
			t.Errorf("node %d at %s is another, too", node, address)
		}
	}
	if n := gate.TurnedAway(); n != 0 {
		t.Errorf("%d connections came past the sidecar", n)
	}
}

func TestKafkaNodeThatNobodyKnowsIsReset(t *testing.T) {
	cluster, _ := brokers.Fake(t, 1, kafkaSource)
	p := start(t, "", kafkaConf(cluster))
	_, port, _ := net.SplitHostPort(p.port)
	kafkaNodes(t, p.port)
	if err := kafkaSays(t, "127.92.0.77:"+port, "x", 77); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want a reset", err)
	}
	if n := p.admin.scraped("sidecar_kafka_unknown_node_total", `service="web"`); n != 1 {
		t.Errorf("%v unknown nodes are counted, want 1", n)
	}
	// One that comes is found by who dials it, before anybody was told of it.
	if _, _, err := cluster.AddNode(77, 0); err != nil {
		t.Fatal(err)
	}
	if err := kafkaSays(t, "127.92.0.77:"+port, kafkaCluster(t, p.port), 77); err != nil {
		t.Error(err)
	}
}

func TestKafkaNodesHaveAPortEachAndKeepIt(t *testing.T) {
	cluster, gate := brokers.Fake(t, 3, kafkaSource, kfake.SeedTopics(6, "orders"))
	cfg := kafkaConf(cluster)
	first := 10000 + rand.IntN(20000) // below what outgoing connections have; a port that is taken is passed over
	cfg.address = freeAddress(t)
	cfg.process = fmt.Sprintf("state_dir = %q", t.TempDir())
	cfg.listener = fmt.Sprintf("[listener.kafka]\nadvertise = \"ports\"\nports = \"%d-%d\"", first, first+20)
	p := start(t, "", cfg)
	ctx := within(t)
	c := kafkaClient(t, p.port, kgo.DefaultProduceTopic("orders"), kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	for i := range 60 {
		if err := c.ProduceSync(ctx, kgo.StringRecord(fmt.Sprint(i))).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := cluster.AddNode(301, 0); err != nil {
		t.Fatal(err)
	}
	before := kafkaNodes(t, p.port)
	id := kafkaCluster(t, p.port)
	if len(before) != 4 {
		t.Errorf("nodes: %v", before)
	}
	for node, address := range before {
		if err := kafkaSays(t, address, id, node); err != nil {
			t.Errorf("node %d at %s: %v", node, address, err)
		}
	}
	p.signal(syscall.SIGTERM)
	p.wait()
	p = start(t, "", cfg)
	// Before anybody has asked for nodes: clients know them still.
	for node, address := range before {
		if err := kafkaSays(t, address, id, node); err != nil {
			t.Errorf("after the restart: node %d at %s: %v", node, address, err)
		}
	}
	got := consumed(t, ctx, kafkaClient(t, p.port, kgo.ConsumeTopics("orders"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100*time.Millisecond)), 60)
	if len(got) != 60 {
		t.Errorf("%d records", len(got))
	}
	if n := gate.TurnedAway(); n != 0 {
		t.Errorf("%d connections came past the sidecar", n)
	}
}

// New connections go where the node is now; a session with the old broker goes on
// until one of the two ends it.
func TestKafkaNodeThatMovesIsFollowed(t *testing.T) {
	cluster, _ := brokers.Fake(t, 3, kafkaSource)
	p := start(t, "", kafkaConf(cluster))
	id := kafkaCluster(t, p.port)
	_, port, _ := net.SplitHostPort(p.port)
	place := "127.92.0.2:" + port
	for range 3 {
		if err := kafkaSays(t, place, id, 2); err != nil {
			t.Fatal(err)
		}
		if err := cluster.RemoveNode(2); err != nil {
			t.Fatal(err)
		}
		if _, _, err := cluster.AddNode(2, 0); err != nil {
			t.Fatal(err)
		}
		moved := cluster.ListenAddrs()[2]
		await(t, "the node at its new address", func() bool {
			kafkaNodes(t, p.port) // clients ask who is where, and the sidecar learns
			return kafkaSays(t, place, id, 2) == nil
		})
		var pages []struct {
			Nodes []struct {
				Node   int32
				Broker string
			}
		}
		p.admin.decode("/kafka", &pages)
		if len(pages) != 1 || len(pages[0].Nodes) != 3 || pages[0].Nodes[2].Broker != moved {
			t.Errorf("got %+v, want node 2 at %s", pages, moved)
		}
	}
}

// advertised.listeners=localhost:9092, as it comes with many a container.
func TestKafkaBrokerThatSaysItIsTheSidecarIsNotDialled(t *testing.T) {
	cluster, _ := brokers.Fake(t, 1, kafkaSource)
	cfg := kafkaConf(cluster)
	cfg.address = freeAddress(t)
	_, text, _ := net.SplitHostPort(cfg.address)
	port, _ := strconv.Atoi(text)
	cluster.ControlKey(int16(kmsg.Metadata), func(q kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		m := q.ResponseKind().(*kmsg.MetadataResponse)
		m.Brokers = []kmsg.MetadataResponseBroker{{NodeID: 0, Host: "localhost", Port: int32(port)}}
		return m, nil, true
	})
	p := start(t, "", cfg)
	await(t, "the log", func() bool {
		return p.log.has("broker 0: it says that it is at localhost:" + text + ", where this sidecar listens")
	})
	if err := kafkaSays(t, "127.92.0.0:"+text, "x", 0); err == nil {
		t.Error("somebody has answered")
	}
	// Whoever says where that leads has it as any other.
	cfg.upstream += fmt.Sprintf("\n[upstream.web.kafka]\ndial = { \"localhost:%s\" = %q }", text, cluster.ListenAddrs()[0])
	p.reload(cfg, "configuration reloaded")
	await(t, "the node", func() bool { return p.log.has("0 at 127.92.0.0:" + text + " is localhost") })
	if nodes := kafkaNodes(t, "127.92.0.0:"+text); len(nodes) != 1 {
		t.Errorf("node 0 tells of %v", nodes)
	}
}

func TestKafkaListenersShareNoPort(t *testing.T) {
	cluster, _ := brokers.Fake(t, 1, kafkaSource)
	cfg := kafkaConf(cluster)
	cfg.address = freeAddress(t)
	_, port, _ := net.SplitHostPort(cfg.address)
	cfg.more = fmt.Sprintf("[[listener]]\nname = \"two\"\naddress = \"127.0.0.2:%s\"\nprotocol = \"kafka\"\nupstream = \"web\"\n[listener.kafka]\nnetwork = \"127.93\"", port)
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte(cfg.text()), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out := exit(t, "run", "-config", path)
	if want := "another listener of this sidecar perhaps (ss -tlnp 'sport = :" + port + "' tells): end it, or set another port"; code != 1 || !strings.Contains(out, want) {
		t.Errorf("exit code %d, and %s does not say %q", code, out, want)
	}
}
