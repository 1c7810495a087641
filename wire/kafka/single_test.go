package kafka

import (
	"context"
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

	"sidecar"
	"sidecar/internal/brokers"
	"sidecar/sock"
)

// singleSetup is a Single in front of kfake's brokers, which let nobody else in.
type singleSetup struct {
	cluster *kfake.Cluster
	gate    *brokers.Gate
	address string
	srv     *Single
	mu      sync.Mutex
	nodes   map[int32]string
	dead    map[int32]bool // nobody can connect to these
	refused []string
	clients []*SingleClient
}

// fromSidecar is the address from which brokers let connections in.
const fromSidecar = "127.0.0.99"

func newSingle(t *testing.T, set SingleSettings, opts ...kfake.Opt) *singleSetup {
	t.Helper()
	s := &singleSetup{nodes: map[int32]string{}}
	s.cluster, s.gate = brokers.Fake(t, 3, fromSidecar, opts...)
	wheel, bufs := sock.NewWheel(sidecar.Now), sock.NewBuffers()
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(fromSidecar)}}
	dialer := NewDialer(DialParams{Dial: from.DialContext, Buffers: bufs, Now: sidecar.Now}, DialSettings{})
	if set.MaxRequest == 0 {
		set = SingleSettings{MaxRequest: 1 << 20, Held: 1 << 20, HeaderTimeout: time.Minute, IdleTimeout: time.Minute}
	}
	s.srv = NewSingle(SingleParams{
		Handler: sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
			address := x.Endpoint
			if address == "" {
				address = s.cluster.ListenAddrs()[0]
			}
			c, err := dialer.Connect(ctx, address)
			if err != nil {
				return &sidecar.Fault{Stage: sidecar.StageDial, Flags: sidecar.Unsent, Reason: sidecar.ConnectFailed, Err: err}
			}
			defer c.Close()
			return c.Do(ctx, x)
		}),
		Places: s, Wheel: wheel, Buffers: bufs,
		BrokerAt: func(_ context.Context, node int32) string {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.dead[node] {
				return "127.0.0.1:1"
			}
			return s.nodes[node]
		},
		Refused: func(_ *sidecar.Exchange, _ string, f *sidecar.Fault) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.refused = append(s.refused, f.Error())
		},
	}, set)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			cl := s.srv.NewClient(sock.New(nc))
			s.mu.Lock()
			s.clients = append(s.clients, cl)
			s.mu.Unlock()
			serving.Go(func() { cl.Serve(context.Background()) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.mu.Lock()
		for _, cl := range s.clients {
			cl.Drain(true)
		}
		s.mu.Unlock()
		serving.Wait()
		wheel.Wait()
		if n := bufs.Out(); n != 0 {
			t.Errorf("%d buffers were not given back", n)
		}
		if n := s.srv.params.Room.Used(); n != 0 {
			t.Errorf("%d bytes of room were not given back", n)
		}
		if n := s.gate.TurnedAway(); n != 0 {
			t.Errorf("%d connections past the sidecar", n)
		}
	})
	return s
}

// Learn and Place make the setup Places.
func (s *singleSetup) Learn(node int32, host []byte, port int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nodes[node] = net.JoinHostPort(string(host), fmt.Sprint(port))
}

func (s *singleSetup) Place(int32) (string, int32, bool) { return "", 0, false }

// told is what clients were refused for.
func (s *singleSetup) told() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.refused, "\n")
}

// written is how many records a topic of six partitions has, by the brokers' word.
func (s *singleSetup) written(t *testing.T, topic string) (n int64) {
	t.Helper()
	for p := range int32(6) {
		info := s.cluster.PartitionInfo(topic, p)
		if info == nil {
			t.Fatalf("no partition %d of %s", p, topic)
		}
		n += info.HighWatermark
	}
	return n
}

func (s *singleSetup) producer(t *testing.T, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(s.address), kgo.DefaultProduceTopic("orders")}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func TestProducersOfOneBrokerWriteToAllLeaders(t *testing.T) {
	s := newSingle(t, SingleSettings{}, kfake.SeedTopics(6, "orders"))
	cl := s.producer(t, kgo.MetadataMinAge(10*time.Millisecond), kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	const records, moves = 4000, 4
	for i := range records {
		cl.Produce(context.Background(), &kgo.Record{Value: fmt.Appendf(nil, "record %d", i)}, func(_ *kgo.Record, err error) {
			if err != nil {
				t.Error(err)
			}
		})
		if i%(records/moves) == records/moves/2 {
			for p := range int32(6) {
				to := (p + int32(i)) % 3
				if err := s.cluster.MoveTopicPartition("orders", p, to); err != nil {
					t.Fatal(err)
				}
			}
			if err := cl.Flush(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cl.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := s.written(t, "orders"); n != records {
		t.Errorf("%d records were written, want %d", n, records)
	}
	s.checkOrder(t, "orders", records)
}

// checkOrder reads a topic from the brokers themselves: each record is there once,
// and those of a partition in the order in which they were given to the producer.
func (s *singleSetup) checkOrder(t *testing.T, topic string, records int) {
	t.Helper()
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(fromSidecar)}}
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.cluster.ListenAddrs()...), kgo.Dialer(from.DialContext), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	seen, last := map[int]bool{}, map[int32]int{}
	for len(seen) < records {
		fetches := cl.PollFetches(context.Background())
		fetches.EachRecord(func(r *kgo.Record) {
			var n int
			if _, err := fmt.Sscanf(string(r.Value), "record %d", &n); err != nil {
				t.Fatal(err)
			}
			if seen[n] {
				t.Errorf("record %d is there twice", n)
			}
			if before, ok := last[r.Partition]; ok && n < before {
				t.Errorf("partition %d has record %d behind %d", r.Partition, n, before)
			}
			seen[n], last[r.Partition] = true, n
		})
	}
}

func TestAnotherAuthorsProducerWritesToOneBroker(t *testing.T) {
	s := newSingle(t, SingleSettings{}, kfake.SeedTopics(6, "orders"))
	for _, acks := range []kafkago.RequiredAcks{kafkago.RequireAll, kafkago.RequireOne, kafkago.RequireNone} {
		w := &kafkago.Writer{Addr: kafkago.TCP(s.address), Topic: "orders", BatchSize: 10, BatchTimeout: time.Millisecond, RequiredAcks: acks, Balancer: &kafkago.RoundRobin{}}
		var all []kafkago.Message
		for i := range 200 {
			all = append(all, kafkago.Message{Value: fmt.Appendf(nil, "record %d", i)})
		}
		if err := w.WriteMessages(context.Background(), all...); err != nil {
			t.Fatal(err)
		}
		w.Close()
	}
	deadline := time.Now().Add(20 * time.Second)
	for s.written(t, "orders") < 600 && time.Now().Before(deadline) { // acks=0 tells nobody when
		s.producer(t).Ping(context.Background())
	}
	if n := s.written(t, "orders"); n != 600 {
		t.Errorf("%d records were written, want 600", n)
	}
}

func TestClientsOfOneBrokerSeeOne(t *testing.T) {
	s := newSingle(t, SingleSettings{MaxRequest: 1 << 20, Held: 1 << 20, HeaderTimeout: time.Minute, IdleTimeout: time.Minute, Host: "127.0.0.1"}, kfake.SeedTopics(6, "orders"))
	cl := s.producer(t)
	resp, err := kmsg.NewPtrMetadataRequest().RequestWith(context.Background(), cl)
	if err != nil {
		t.Fatal(err)
	}
	if len(resp.Brokers) != 1 || net.JoinHostPort(resp.Brokers[0].Host, fmt.Sprint(resp.Brokers[0].Port)) != s.address {
		t.Errorf("brokers are %+v, want %s alone", resp.Brokers, s.address)
	}
	if resp.ControllerID != 0 {
		t.Errorf("the controller is %d", resp.ControllerID)
	}
	for _, topic := range resp.Topics {
		for _, p := range topic.Partitions {
			if p.Leader != 0 || len(p.Replicas) != 1 || p.Replicas[0] != 0 || len(p.ISR) != 1 || p.ISR[0] != 0 {
				t.Errorf("partition %+v", p)
			}
		}
	}
	versions, err := kmsg.NewPtrApiVersionsRequest().RequestWith(context.Background(), cl)
	if err != nil {
		t.Fatal(err)
	}
	got := map[int16]int16{}
	for _, k := range versions.ApiKeys {
		got[k.ApiKey] = k.MaxVersion
	}
	if want := (map[int16]int16{0: 9, 1: 11, 3: 12, 18: 5, 22: 4}); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("versions are %v, want %v", got, want)
	}
	if len(versions.SupportedFeatures)+len(versions.FinalizedFeatures) != 0 {
		t.Errorf("features are told: %+v", versions)
	}
}

func TestWhatOneBrokerDoesNotDoIsRefusedInWords(t *testing.T) {
	s := newSingle(t, SingleSettings{}, kfake.SeedTopics(6, "orders"))
	for _, c := range []struct {
		req  kmsg.Request
		want string
	}{
		{kmsg.NewPtrFetchRequest(), `Fetch is for consumers, and this listener is for producers only: give them one with mode = "transparent"`},
		{kmsg.NewPtrFindCoordinatorRequest(), "FindCoordinator is not served: this listener is for producers only"},
		{kmsg.NewPtrCreateTopicsRequest(), "CreateTopics is not served"},
		{&kmsg.InitProducerIDRequest{Version: 4, TransactionalID: kmsg.StringPtr("txn")}, "a transactional producer"},
	} {
		if c.req.Key() == KeyFetch {
			c.req.SetVersion(11)
		}
		nc, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := nc.Write(request(c.req, "client", false)); err != nil {
			t.Fatal(err)
		}
		if n, err := nc.Read(make([]byte, 1)); err == nil {
			t.Errorf("%s: %d bytes came back", NameOf(c.req.Key()), n)
		}
		nc.Close()
		if told := s.told(); !strings.Contains(told, c.want) {
			t.Errorf("%s: told %s", NameOf(c.req.Key()), told)
		}
	}
}
