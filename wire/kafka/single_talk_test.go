package kafka

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// rawClient speaks to a Single in bytes.
type rawClient struct {
	net.Conn
	t *testing.T
}

func (s *singleSetup) dial(t *testing.T) rawClient {
	t.Helper()
	nc, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	return rawClient{nc, t}
}

func (c rawClient) send(req kmsg.Request, correlation int32) {
	c.t.Helper()
	b := kmsg.NewRequestFormatter(kmsg.FormatterClientID("raw")).AppendRequest(nil, req, correlation)
	if _, err := c.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

// receive reads the next answer into resp, and its correlation id.
func (c rawClient) receive(resp kmsg.Response) (correlation int32) {
	c.t.Helper()
	head := make([]byte, AnswerHead)
	if _, err := io.ReadFull(c, head); err != nil {
		c.t.Fatal(err)
	}
	rest := make([]byte, binary.BigEndian.Uint32(head)-4)
	if _, err := io.ReadFull(c, rest); err != nil {
		c.t.Fatal(err)
	}
	if problem := readAnswer(resp, resp.IsFlexible() && resp.Key() != KeyAPIVersions, bytes.Join([][]byte{head, rest}, nil)); problem != nil {
		c.t.Fatal(problem)
	}
	return int32(binary.BigEndian.Uint32(head[SizeLen:]))
}

// orders is a request that writes a record to each of six partitions.
func orders(version int16, acks int16) *kmsg.ProduceRequest {
	req := kmsg.NewPtrProduceRequest()
	req.Version, req.Acks, req.TimeoutMillis = version, acks, 5000
	topic := kmsg.NewProduceRequestTopic()
	topic.Topic = "orders"
	for i := range int32(6) {
		p := kmsg.NewProduceRequestTopicPartition()
		p.Partition, p.Records = i, oneRecord(fmt.Sprint("record ", i))
		topic.Partitions = append(topic.Partitions, p)
	}
	req.Topics = append(req.Topics, topic)
	return req
}

func codesOf(resp *kmsg.ProduceResponse) string {
	var b strings.Builder
	for _, topic := range resp.Topics {
		for _, p := range topic.Partitions {
			fmt.Fprintf(&b, "%d:%d ", p.Partition, p.ErrorCode)
		}
	}
	return strings.TrimSpace(b.String())
}

func produceAnswer(version int16) *kmsg.ProduceResponse {
	resp := kmsg.NewPtrProduceResponse()
	resp.Version = version
	return resp
}

// A producer that comes back to a sidecar which was restarted asks for no metadata
// first: it knows that there is one broker.
func TestLeadersAreAskedForWhereNobodyKnowsThem(t *testing.T) {
	s := newSingle(t, SingleSettings{}, kfake.SeedTopics(6, "orders"))
	c := s.dial(t)
	for version := int16(3); version <= singleProduce; version++ {
		c.send(orders(version, -1), int32(version))
		resp := produceAnswer(version)
		if id := c.receive(resp); id != int32(version) {
			t.Errorf("version %d: answer to %d", version, id)
		}
		if got := codesOf(resp); got != "0:0 1:0 2:0 3:0 4:0 5:0" {
			t.Errorf("version %d: codes %s", version, got)
		}
	}
	req := orders(9, -1)
	req.Topics[0].Topic = "nowhere"
	c.send(req, 77)
	resp := produceAnswer(9)
	c.receive(resp)
	if got := codesOf(resp); got != "0:3 1:3 2:3 3:3 4:3 5:3" {
		t.Errorf("a topic that is none: codes %s", got)
	}
}

func TestDeadLeaderFailsItsPartitionsOnly(t *testing.T) {
	s := newSingle(t, SingleSettings{}, kfake.SeedTopics(6, "orders"))
	for p := range int32(6) {
		if err := s.cluster.MoveTopicPartition("orders", p, p%3); err != nil {
			t.Fatal(err)
		}
	}
	s.dead = map[int32]bool{1: true}
	c := s.dial(t)
	c.send(orders(9, 1), 1)
	resp := produceAnswer(9)
	c.receive(resp)
	if got := codesOf(resp); got != "0:0 1:13 2:0 3:0 4:13 5:0" {
		t.Errorf("codes %s", got)
	}
	s.mu.Lock()
	s.dead = nil
	s.mu.Unlock()
	c.send(orders(9, 1), 2)
	c.receive(resp)
	if got := codesOf(resp); got != "0:0 1:0 2:0 3:0 4:0 5:0" {
		t.Errorf("once it is back: codes %s", got)
	}
}

// What a leader says of having lost its place is passed on, and the next request
// goes to the new one without the producer's asking.
func TestLostLeadershipIsPassedOnAndLearnt(t *testing.T) {
	s := newSingle(t, SingleSettings{}, kfake.SeedTopics(6, "orders"))
	c := s.dial(t)
	c.send(orders(9, 1), 1)
	c.receive(produceAnswer(9))
	var told atomic.Int32
	s.cluster.ControlKey(KeyProduce, func(kmsg.Request) (kmsg.Response, error, bool) {
		told.Add(1)
		s.cluster.KeepControl()
		return nil, nil, false
	})
	for p := range int32(6) {
		info := s.cluster.PartitionInfo("orders", p)
		if err := s.cluster.MoveTopicPartition("orders", p, (info.Leader+1)%3); err != nil {
			t.Fatal(err)
		}
	}
	resp := produceAnswer(9)
	c.send(orders(9, 1), 2)
	c.receive(resp)
	if got := codesOf(resp); got != "0:6 1:6 2:6 3:6 4:6 5:6" {
		t.Errorf("codes %s", got)
	}
	c.send(orders(9, 1), 3)
	c.receive(resp)
	if got := codesOf(resp); got != "0:0 1:0 2:0 3:0 4:0 5:0" {
		t.Errorf("behind the move: codes %s", got)
	}
	if n := told.Load(); n > 6 {
		t.Errorf("brokers were asked %d times, want one a leader and request", n)
	}
}

func TestAnswersLeaveInTheOrderOfRequests(t *testing.T) {
	s := newSingle(t, SingleSettings{}, kfake.SeedTopics(6, "orders"))
	c := s.dial(t)
	const n = 3 * maxPending
	go func() {
		for i := range int32(n) {
			switch i % 3 {
			case 0:
				c.send(orders(9, -1), i)
			case 1:
				c.send(&kmsg.MetadataRequest{Version: 9}, i)
			case 2:
				c.send(&kmsg.ApiVersionsRequest{Version: 3, ClientSoftwareName: "raw", ClientSoftwareVersion: "1"}, i)
			}
		}
	}()
	for i := range int32(n) {
		var resp kmsg.Response
		switch i % 3 {
		case 0:
			resp = produceAnswer(9)
		case 1:
			resp = &kmsg.MetadataResponse{Version: 9}
		case 2:
			resp = &kmsg.ApiVersionsResponse{Version: 3}
		}
		if id := c.receive(resp); id != i {
			t.Fatalf("answer to %d instead of %d", id, i)
		}
	}
}

func TestSilentProducersAreClosedWhereTheyCannotBeToldOfErrors(t *testing.T) {
	s := newSingle(t, SingleSettings{}, kfake.SeedTopics(6, "orders"))
	c := s.dial(t)
	c.send(orders(9, 0), 1)
	c.send(&kmsg.MetadataRequest{Version: 9}, 2)
	if id := c.receive(&kmsg.MetadataResponse{Version: 9}); id != 2 {
		t.Errorf("a request with acks=0 was answered: %d", id)
	}
	req := orders(9, 0)
	req.Topics[0].Topic = "nowhere"
	c.send(req, 3)
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("bytes came back")
	}
	if told := s.told(); !strings.Contains(told, "acks=0") {
		t.Errorf("told %q", told)
	}
}

// Kafka 4.4's clients say in ApiVersions which broker they think to have (KIP-1242).
func TestClientsOfOneBrokerMayAskWhetherItIsIt(t *testing.T) {
	s := newSingle(t, SingleSettings{}, kfake.SeedTopics(6, "orders"))
	c := s.dial(t)
	cluster := "cluster"
	for i, q := range []struct {
		cluster *string
		node    int32
		code    int16
		version int16
	}{{nil, -1, 0, 5}, {&cluster, 0, 0, 5}, {&cluster, 1, codeRebootstrap, 5}, {nil, 0, codeInvalid, 5}, {nil, -1, 0, 0}} {
		req := kmsg.NewPtrApiVersionsRequest()
		req.Version, req.ClientSoftwareName, req.ClientSoftwareVersion, req.ClusterID, req.NodeID = q.version, "raw", "1", q.cluster, q.node
		c.send(req, int32(i))
		resp := kmsg.NewPtrApiVersionsResponse()
		resp.Version = q.version
		c.receive(resp)
		if resp.ErrorCode != q.code {
			t.Errorf("%d: code %d, want %d", i, resp.ErrorCode, q.code)
		}
	}
	newer := kmsg.NewPtrApiVersionsRequest()
	newer.Version = 5
	b := kmsg.NewRequestFormatter().AppendRequest(nil, newer, 9)
	b[7] = 9 // the version
	if _, err := c.Write(b); err != nil {
		t.Fatal(err)
	}
	resp := kmsg.NewPtrApiVersionsResponse()
	if c.receive(resp); resp.ErrorCode != codeUnsupportedVersion || len(resp.ApiKeys) != 1 || resp.ApiKeys[0].MaxVersion != 5 {
		t.Errorf("%+v", resp)
	}
}

func TestDrainGivesOneBrokersClientsTheAnswersTheyAreOwed(t *testing.T) {
	s := newSingle(t, SingleSettings{}, kfake.SeedTopics(6, "orders"))
	hold, held := make(chan struct{}), make(chan struct{}, 16)
	s.cluster.ControlKey(KeyProduce, func(kmsg.Request) (kmsg.Response, error, bool) {
		s.cluster.KeepControl()
		held <- struct{}{}
		<-hold
		return nil, nil, false
	})
	c := s.dial(t)
	c.send(orders(9, 1), 1)
	<-held
	s.srv.Drain()
	s.mu.Lock()
	for _, cl := range s.clients {
		cl.Drain(false)
	}
	s.mu.Unlock()
	close(hold)
	resp := produceAnswer(9)
	if id := c.receive(resp); id != 1 || codesOf(resp) != "0:0 1:0 2:0 3:0 4:0 5:0" {
		t.Errorf("answer to %d, codes %s", id, codesOf(resp))
	}
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("then %v", err)
	}
}

// oneRecord is a batch with one record of that value.
func oneRecord(value string) []byte {
	r := kmsg.Record{Value: []byte(value)}
	r.Length = int32(len(r.AppendTo(nil)) - 1)
	batch := kmsg.RecordBatch{
		PartitionLeaderEpoch: -1, Magic: 2, ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1,
		NumRecords: 1, Records: r.AppendTo(nil),
	}
	b := batch.AppendTo(nil)
	binary.BigEndian.PutUint32(b[8:], uint32(len(b)-12))
	binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}
