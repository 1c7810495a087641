package brokers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// patience is how long an awaited thing may take before the test has failed.
// Nothing that works waits for it: three JVMs on a busy machine take long.
const patience = 120 * time.Second

// Client is a kgo client that comes from where the gate lets in. It is closed
// with the test, and goes past any sidecar.
func (r *Real) Client(opts ...kgo.Opt) *kgo.Client {
	r.t.Helper()
	d := net.Dialer{Timeout: 5 * time.Second}
	if r.params.From != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(r.params.From)}
	}
	c, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(r.Seeds()...), kgo.Dialer(d.DialContext)}, opts...)...)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(c.Close)
	return c
}

// inner is a client of the brokers' own listener, which never has TLS or SASL.
func (r *Real) inner() *kgo.Client {
	r.t.Helper()
	var seeds []string
	for _, n := range r.Nodes {
		seeds = append(seeds, n.inner)
	}
	c, err := kgo.NewClient(kgo.SeedBrokers(seeds...), kgo.MetadataMinAge(50*time.Millisecond))
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// await calls f until it has no error.
func (r *Real) await(what string, f func(context.Context, *kgo.Client) error) {
	r.t.Helper()
	c := r.inner()
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		err := f(ctx, c)
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			r.t.Fatalf("%s: %v\n%s", what, err, r.Nodes[0].Log())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

var errNotYet = errors.New("not yet")

// AwaitNodes waits until so many brokers are in the cluster.
func (r *Real) AwaitNodes(n int) {
	r.t.Helper()
	r.await(fmt.Sprintf("%d brokers", n), func(ctx context.Context, c *kgo.Client) error {
		m, err := kmsg.NewPtrMetadataRequest().RequestWith(ctx, c)
		if err == nil && len(m.Brokers) != n {
			err = fmt.Errorf("%d brokers: %w", len(m.Brokers), errNotYet)
		}
		return err
	})
}

// CreateTopic makes a topic with a copy on each node.
func (r *Real) CreateTopic(name string, partitions int32) {
	r.t.Helper()
	r.await("create "+name, func(ctx context.Context, c *kgo.Client) error {
		req := kmsg.NewPtrCreateTopicsRequest()
		req.TimeoutMillis = 30_000
		topic := kmsg.NewCreateTopicsRequestTopic()
		topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, partitions, int16(len(r.Nodes))
		req.Topics = append(req.Topics, topic)
		resp, err := req.RequestWith(ctx, c)
		if err != nil {
			return err
		}
		err = kerr.ErrorForCode(resp.Topics[0].ErrorCode)
		if errors.Is(err, kerr.TopicAlreadyExists) {
			err = nil
		}
		return err
	})
	r.AwaitWhole(name)
}

// AwaitWhole waits until all copies of the topic are in sync and each partition
// has a leader.
func (r *Real) AwaitWhole(topic string) {
	r.t.Helper()
	r.await(topic+" in sync", func(ctx context.Context, c *kgo.Client) error {
		parts, err := partitions(ctx, c, topic)
		for _, p := range parts {
			if p.Leader < 0 || len(p.ISR) != len(p.Replicas) {
				return fmt.Errorf("partition %d: leader %d, in sync %v: %w", p.Partition, p.Leader, p.ISR, errNotYet)
			}
		}
		return err
	})
}

func partitions(ctx context.Context, c *kgo.Client, topic string) ([]kmsg.MetadataResponseTopicPartition, error) {
	req := kmsg.NewPtrMetadataRequest()
	t := kmsg.NewMetadataRequestTopic()
	t.Topic = kmsg.StringPtr(topic)
	req.Topics = append(req.Topics, t)
	resp, err := req.RequestWith(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := kerr.ErrorForCode(resp.Topics[0].ErrorCode); err != nil {
		return nil, err
	}
	if len(resp.Topics[0].Partitions) == 0 {
		return nil, errNotYet
	}
	return resp.Topics[0].Partitions, nil
}

// MoveLeaders gives each partition of the topic to the next of its copies: their
// order is turned by one, and those that are first now are elected.
func (r *Real) MoveLeaders(topic string) {
	r.t.Helper()
	first := map[int32]int32{}
	r.await("new order of "+topic, func(ctx context.Context, c *kgo.Client) error {
		parts, err := partitions(ctx, c, topic)
		if err != nil {
			return err
		}
		req := kmsg.NewPtrAlterPartitionAssignmentsRequest()
		t := kmsg.NewAlterPartitionAssignmentsRequestTopic()
		t.Topic = topic
		for _, p := range parts {
			one := kmsg.NewAlterPartitionAssignmentsRequestTopicPartition()
			one.Partition, one.Replicas = p.Partition, append(p.Replicas[1:len(p.Replicas):len(p.Replicas)], p.Replicas[0])
			t.Partitions = append(t.Partitions, one)
			first[p.Partition] = one.Replicas[0]
		}
		req.Topics = append(req.Topics, t)
		resp, err := req.RequestWith(ctx, c)
		if err == nil {
			err = kerr.ErrorForCode(resp.ErrorCode)
		}
		return err
	})
	r.elect(topic, first)
}

// elect makes the first copy of each partition its leader, once that is who first
// says it is: a broker may tell of the old order for a while.
func (r *Real) elect(topic string, first map[int32]int32) {
	r.t.Helper()
	r.await("election of "+topic, func(ctx context.Context, c *kgo.Client) error {
		parts, err := partitions(ctx, c, topic)
		if err != nil {
			return err
		}
		req := kmsg.NewPtrElectLeadersRequest()
		t := kmsg.NewElectLeadersRequestTopic()
		t.Topic = topic
		wrong := 0
		for _, p := range parts {
			t.Partitions = append(t.Partitions, p.Partition)
			if p.Leader != first[p.Partition] {
				wrong++
			}
		}
		if wrong == 0 {
			return nil
		}
		req.Topics = append(req.Topics, t)
		resp, err := req.RequestWith(ctx, c)
		if err != nil {
			return err
		}
		var bad []string
		for _, p := range resp.Topics {
			for _, one := range p.Partitions {
				if e := kerr.ErrorForCode(one.ErrorCode); e != nil && !errors.Is(e, kerr.ElectionNotNeeded) {
					bad = append(bad, e.Error())
				}
			}
		}
		if bad != nil {
			return errors.New(strings.Join(bad, ", "))
		}
		return errNotYet // until Metadata says so, too
	})
}
