//go:build conformance

package brokers

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// Golden asks real brokers what the sidecar rewrites, in every version that they
// have, and writes the answers down as they came: what wire/kafka/testdata/golden
// has was made by
//
//	SIDECAR_GOLDEN=wire/kafka/testdata/golden go test -tags conformance -run Golden ./internal/brokers
func TestGoldenAnswers(t *testing.T) {
	root := t.TempDir()
	if v := os.Getenv("SIDECAR_GOLDEN"); v != "" {
		var err error
		if root, err = filepath.Abs(filepath.Join("../..", v)); err != nil {
			t.Fatal(err)
		}
	}
	for _, version := range []string{"3.9.2", "4.1.2", "4.3.0"} {
		t.Run(version, func(t *testing.T) { golden(t, version, filepath.Join(root, version)) })
	}
}

type asker struct {
	t   testing.TB
	dir string
	c   net.Conn
}

func golden(t *testing.T, version, dir string) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	r := StartReal(t, RealParams{Version: version, Nodes: 3, Properties: map[string]string{"group.initial.rebalance.delay.ms": "0"}})
	r.CreateTopic("orders", 3)
	c := r.Client(kgo.DefaultProduceTopic("orders"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	r.MoveLeaders("orders") // there is an epoch that has passed
	rec := &kgo.Record{Partition: 0, Key: []byte("k"), Value: []byte("v")}
	if err := c.ProduceSync(context.Background(), rec).FirstErr(); err != nil {
		t.Fatal(err)
	}
	m, err := kmsg.NewPtrMetadataRequest().RequestWith(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	var id [16]byte
	var leader int32
	for _, topic := range m.Topics {
		if topic.Topic != nil && *topic.Topic == "orders" {
			id, leader = topic.TopicID, topic.Partitions[0].Leader
			for _, p := range topic.Partitions {
				if p.Partition == 0 {
					leader = p.Leader
				}
			}
		}
	}
	other := leader%3 + 1
	to := func(node int32) *asker {
		conn, err := net.Dial("tcp", r.Node(node).Door.Address())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return &asker{t, dir, conn}
	}
	has := kversion.FromString("v" + version[:3])
	each := func(key int16, least int16, f func(v int16)) {
		most, ok := has.LookupMaxKeyVersion(key)
		for v := least; ok && v <= most; v++ {
			f(v)
		}
	}
	at, wrong := to(leader), to(other)
	each(18, 0, func(v int16) {
		req := kmsg.NewPtrApiVersionsRequest()
		req.ClientSoftwareName, req.ClientSoftwareVersion = "golden", "1"
		at.ask("", req, v)
	})
	each(3, 0, func(v int16) { at.ask("", kmsg.NewPtrMetadataRequest(), v) })
	each(10, 0, func(v int16) {
		req := kmsg.NewPtrFindCoordinatorRequest()
		req.CoordinatorKey, req.CoordinatorKeys = "group", []string{"group", "another"}
		r.await("coordinator", func(ctx context.Context, c *kgo.Client) error {
			resp, err := req.RequestWith(ctx, c)
			if err == nil && (resp.ErrorCode != 0 || len(resp.Coordinators) > 0 && resp.Coordinators[0].ErrorCode != 0) {
				err = errNotYet
			}
			return err
		})
		at.ask("", req, v)
	})
	each(60, 0, func(v int16) { at.ask("", kmsg.NewPtrDescribeClusterRequest(), v) })
	var batch []byte
	each(1, 4, func(v int16) {
		frame := at.ask("", fetch(id, -1), v)
		if v < 12 {
			resp := kmsg.NewPtrFetchResponse()
			resp.Version = v
			if err := resp.ReadFrom(frame[8:]); err != nil {
				t.Fatal(err)
			}
			batch = resp.Topics[0].Partitions[0].RecordBatches
		}
		if v >= 9 {
			at.ask("OldEpoch-", fetch(id, 0), v)
		} else {
			wrong.ask("NotLeader-", fetch(id, -1), v)
		}
	})
	each(0, 3, func(v int16) {
		at.ask("", produce(id, batch), v)
		wrong.ask("NotLeader-", produce(id, batch), v)
	})
	if version < "4" {
		return
	}
	member := "AAAAAAAAAAAAAAAAAAAAAQ"
	hb := kmsg.NewPtrShareGroupHeartbeatRequest()
	hb.GroupID, hb.MemberID, hb.SubscribedTopicNames = "shared", member, []string{"orders"}
	r.await("share group", func(ctx context.Context, c *kgo.Client) error {
		resp, err := hb.RequestWith(ctx, c)
		if err == nil && resp.ErrorCode != 0 {
			err = fmt.Errorf("%d: %w", resp.ErrorCode, errNotYet)
		}
		return err
	})
	each(78, 1, func(v int16) {
		for _, prefix := range []string{"", "NotLeader-"} {
			a := to(leader)
			if prefix != "" {
				a = to(other)
			}
			r.await("coordinator of shares", func(context.Context, *kgo.Client) error {
				if len(a.ask(prefix, shareFetch(id, member), v)) < 40 {
					return errNotYet
				}
				return nil
			})
			ack := kmsg.NewPtrShareAcknowledgeRequest()
			ack.GroupID, ack.MemberID, ack.ShareSessionEpoch = kmsg.StringPtr("shared"), &member, 1
			topic, p := kmsg.NewShareAcknowledgeRequestTopic(), kmsg.NewShareAcknowledgeRequestTopicPartition()
			b := kmsg.NewShareAcknowledgeRequestTopicPartitionAcknowledgementBatch()
			b.AcknowledgeTypes = []int8{1}
			p.AcknowledgementBatches = append(p.AcknowledgementBatches, b)
			topic.TopicID, topic.Partitions = id, append(topic.Partitions, p)
			ack.Topics = append(ack.Topics, topic)
			a.ask(prefix, ack, v)
		}
	})
}

func fetch(id [16]byte, epoch int32) *kmsg.FetchRequest {
	req := kmsg.NewPtrFetchRequest()
	req.MaxWaitMillis, req.MinBytes, req.MaxBytes, req.SessionEpoch = 10, 1, 1<<20, -1
	topic, p := kmsg.NewFetchRequestTopic(), kmsg.NewFetchRequestTopicPartition()
	p.PartitionMaxBytes, p.CurrentLeaderEpoch = 1<<20, epoch
	topic.Topic, topic.TopicID, topic.Partitions = "orders", id, append(topic.Partitions, p)
	req.Topics = append(req.Topics, topic)
	return req
}

func produce(id [16]byte, batch []byte) *kmsg.ProduceRequest {
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis = 1, 10_000
	topic, p := kmsg.NewProduceRequestTopic(), kmsg.NewProduceRequestTopicPartition()
	// Without a producer's number, or a second one of it would be refused.
	p.Records = append([]byte{}, batch...)
	topic.Topic, topic.TopicID, topic.Partitions = "orders", id, append(topic.Partitions, p)
	req.Topics = append(req.Topics, topic)
	return req
}

func shareFetch(id [16]byte, member string) *kmsg.ShareFetchRequest {
	req := kmsg.NewPtrShareFetchRequest()
	req.GroupID, req.MemberID, req.MaxWaitMillis, req.MaxBytes, req.MaxRecords, req.BatchSize = kmsg.StringPtr("shared"), &member, 10, 1<<20, 100, 100
	topic, p := kmsg.NewShareFetchRequestTopic(), kmsg.NewShareFetchRequestTopicPartition()
	topic.TopicID, topic.Partitions = id, append(topic.Partitions, p)
	req.Topics = append(req.Topics, topic)
	return req
}

// ask sends the request in version v, and writes the answer down.
func (a *asker) ask(prefix string, req kmsg.Request, v int16) []byte {
	a.t.Helper()
	req.SetVersion(v)
	out := kmsg.NewRequestFormatter(kmsg.FormatterClientID("golden")).AppendRequest(nil, req, 77)
	if _, err := a.c.Write(out); err != nil {
		a.t.Fatal(err)
	}
	_ = a.c.SetReadDeadline(time.Now().Add(patience))
	var size [4]byte
	if _, err := io.ReadFull(a.c, size[:]); err != nil {
		a.t.Fatalf("%s v%d: %v", kmsg.NameForKey(req.Key()), v, err)
	}
	frame := make([]byte, 4+int(binary.BigEndian.Uint32(size[:])))
	copy(frame, size[:])
	if _, err := io.ReadFull(a.c, frame[4:]); err != nil {
		a.t.Fatal(err)
	}
	write(a.t, filepath.Join(a.dir, fmt.Sprintf("%s%s-v%d.bin", prefix, kmsg.NameForKey(req.Key()), v)), frame)
	return frame
}
