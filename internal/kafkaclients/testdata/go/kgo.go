package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func kgoClient(bootstrap string, opts ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(bootstrap), kgo.ProducerLinger(0)}, opts...)...)
}

func kgoChecks(s *suite) {
	ctx := context.Background()
	topic := s.prefix + "t"
	c, err := kgoClient(s.bootstrap, kgo.DefaultProduceTopic(topic))
	if err != nil {
		s.check("client", func() error { return err })
		return
	}
	defer c.Close()
	s.check("create topic", func() error { return kgoCreate(ctx, c, topic) })
	s.check("metadata", func() error {
		m, err := kmsg.NewPtrMetadataRequest().RequestWith(ctx, c)
		if err == nil && len(m.Brokers) == 0 {
			err = fmt.Errorf("no brokers")
		}
		return err
	})
	s.check("describe cluster", func() error {
		d, err := kmsg.NewPtrDescribeClusterRequest().RequestWith(ctx, c)
		if err == nil && (len(d.Brokers) == 0 || d.ErrorCode != 0) {
			err = fmt.Errorf("%+v", d)
		}
		return err
	})
	s.check("produce idempotent, each codec", func() error {
		for i, codec := range []kgo.CompressionCodec{kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression()} {
			p, err := kgoClient(s.bootstrap, kgo.DefaultProduceTopic(topic), kgo.ProducerBatchCompression(codec))
			if err != nil {
				return err
			}
			err = kgoSend(ctx, p, "codec"+strconv.Itoa(i), records)
			p.Close()
			if err != nil {
				return err
			}
		}
		return nil
	})
	s.check("produce acks=1 and acks=0", func() error {
		for _, acks := range []kgo.Acks{kgo.LeaderAck(), kgo.NoAck()} {
			p, err := kgoClient(s.bootstrap, kgo.DefaultProduceTopic(topic), kgo.RequiredAcks(acks), kgo.DisableIdempotentWrite())
			if err != nil {
				return err
			}
			defer p.Close()
			if err = kgoSend(ctx, p, fmt.Sprintf("acks%v", acks == kgo.NoAck()), records); err != nil {
				return err
			}
		}
		return nil
	})
	const all = 7 * records
	s.check("consume, classic group", func() error { return kgoRead(ctx, s.bootstrap, topic, s.prefix+"g", all) })
	if s.features["consumer"] {
		s.check("consume, KIP-848 group", func() error { return kgoRead(ctx, s.bootstrap, topic, s.prefix+"g848", all, kgo.ServerSideBalancer()) })
	}
	if s.features["share"] {
		s.check("share group", func() error { return kgoShare(ctx, s.bootstrap, s.prefix) })
	}
	s.check("transactions", func() error { return kgoTransactions(ctx, s.bootstrap, s.prefix) })
	s.check("describe and list groups", func() error {
		d := kmsg.NewPtrDescribeGroupsRequest()
		d.Groups = []string{s.prefix + "g"}
		resp, err := d.RequestWith(ctx, c)
		if err != nil {
			return err
		}
		if e := kerr.ErrorForCode(resp.Groups[0].ErrorCode); e != nil {
			return e
		}
		l, err := kmsg.NewPtrListGroupsRequest().RequestWith(ctx, c)
		if err == nil && len(l.Groups) == 0 {
			err = fmt.Errorf("no groups")
		}
		return err
	})
	s.check("large records", func() error {
		p, err := kgoClient(s.bootstrap, kgo.DefaultProduceTopic(s.prefix+"large"), kgo.AllowAutoTopicCreation())
		if err != nil {
			return err
		}
		defer p.Close()
		value := make([]byte, 900_000)
		for i := range value {
			value[i] = byte(i * i >> 7)
		}
		for range 20 {
			if err := p.ProduceSync(ctx, &kgo.Record{Value: value}).FirstErr(); err != nil {
				return err
			}
		}
		r, err := kgoClient(s.bootstrap, kgo.ConsumeTopics(s.prefix+"large"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
		if err != nil {
			return err
		}
		defer r.Close()
		for n := 0; n < 20; {
			for _, rec := range r.PollFetches(ctx).Records() {
				if string(rec.Value) != string(value) {
					return fmt.Errorf("record %d differs", n)
				}
				n++
			}
		}
		return nil
	})
	s.check("delete topic", func() error {
		d := kmsg.NewPtrDeleteTopicsRequest()
		d.TimeoutMillis = 10_000
		one := kmsg.NewDeleteTopicsRequestTopic()
		one.Topic = kmsg.StringPtr(s.prefix + "large")
		d.Topics, d.TopicNames = append(d.Topics, one), []string{s.prefix + "large"}
		resp, err := d.RequestWith(ctx, c)
		if err != nil {
			return err
		}
		return kerr.ErrorForCode(resp.Topics[0].ErrorCode)
	})
}

func kgoCreate(ctx context.Context, c *kgo.Client, topic string) error {
	req := kmsg.NewPtrCreateTopicsRequest()
	req.TimeoutMillis = 15_000
	t := kmsg.NewCreateTopicsRequestTopic()
	t.Topic, t.NumPartitions, t.ReplicationFactor = topic, 6, -1
	req.Topics = append(req.Topics, t)
	resp, err := req.RequestWith(ctx, c)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(resp.Topics[0].ErrorCode)
}

func kgoSend(ctx context.Context, c *kgo.Client, name string, n int) error {
	failed := make(chan error, n)
	for i := range n {
		c.Produce(ctx, &kgo.Record{Key: []byte(key(name, i)), Value: []byte(strconv.Itoa(i / keys))}, func(_ *kgo.Record, err error) { failed <- err })
	}
	for range n {
		if err := <-failed; err != nil {
			return err
		}
	}
	return nil
}

func kgoRead(ctx context.Context, bootstrap, topic, group string, n int, more ...kgo.Opt) error {
	opts := []kgo.Opt{kgo.ConsumeTopics(topic), kgo.ConsumerGroup(group), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())}
	c, err := kgoClient(bootstrap, append(opts, more...)...)
	if err != nil {
		return err
	}
	defer c.Close()
	t := newTally()
	for t.count() < n {
		f := c.PollFetches(ctx)
		if err := f.Err(); err != nil {
			return err
		}
		f.EachRecord(func(r *kgo.Record) { t.see(string(r.Key), string(r.Value)) })
	}
	if err := c.CommitUncommittedOffsets(ctx); err != nil {
		return err
	}
	return t.whole(n)
}

func kgoShare(ctx context.Context, bootstrap, prefix string) error {
	topic, group := prefix+"share", prefix+"gs"
	c, err := kgoClient(bootstrap, kgo.DefaultProduceTopic(topic))
	if err != nil {
		return err
	}
	defer c.Close()
	if err := kgoCreate(ctx, c, topic); err != nil {
		return err
	}
	set := kmsg.NewPtrIncrementalAlterConfigsRequest()
	res := kmsg.NewIncrementalAlterConfigsRequestResource()
	res.ResourceType, res.ResourceName = kmsg.ConfigResourceTypeGroupConfig, group
	conf := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
	conf.Name, conf.Value = "share.auto.offset.reset", kmsg.StringPtr("earliest")
	res.Configs = append(res.Configs, conf)
	set.Resources = append(set.Resources, res)
	if resp, err := set.RequestWith(ctx, c); err != nil {
		return err
	} else if err := kerr.ErrorForCode(resp.Resources[0].ErrorCode); err != nil {
		return err
	}
	if err := kgoSend(ctx, c, "share", records); err != nil {
		return err
	}
	r, err := kgoClient(bootstrap, kgo.ConsumeTopics(topic), kgo.ShareGroup(group))
	if err != nil {
		return err
	}
	defer r.Close()
	seen := map[string]bool{}
	for end := time.Now().Add(limit); len(seen) < records && time.Now().Before(end); {
		f := r.PollFetches(ctx)
		f.EachRecord(func(r *kgo.Record) { seen[string(r.Key)+" "+string(r.Value)] = true })
	}
	if len(seen) != records {
		return fmt.Errorf("%d records of %d", len(seen), records)
	}
	return nil
}

func kgoTransactions(ctx context.Context, bootstrap, prefix string) error {
	topic := prefix + "txn"
	c, err := kgoClient(bootstrap, kgo.DefaultProduceTopic(topic), kgo.TransactionalID(prefix+"id"))
	if err != nil {
		return err
	}
	defer c.Close()
	if err := kgoCreate(ctx, c, topic); err != nil {
		return err
	}
	for i := range 6 {
		if err := c.BeginTransaction(); err != nil {
			return err
		}
		name := "good" + strconv.Itoa(i)
		if i%2 == 1 {
			name = "bad" + strconv.Itoa(i)
		}
		if err := kgoSend(ctx, c, name, 80); err != nil {
			return err
		}
		if err := c.EndTransaction(ctx, kgo.TransactionEndTry(i%2 == 0)); err != nil {
			return err
		}
	}
	return kgoRead(ctx, bootstrap, topic, prefix+"gtxn", 240, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
}

func kgoProduce(bootstrap, topic, name string) {
	c, err := kgoClient(bootstrap, kgo.DefaultProduceTopic(topic), kgo.MetadataMinAge(250*time.Millisecond),
		kgo.ProducerBatchCompression(kgo.NoCompression())) // kafkajs and kafka-python read no snappy
	if err != nil {
		panic(err)
	}
	load(name, func(key, value string, failed func(error)) {
		c.Produce(context.Background(), &kgo.Record{Key: []byte(key), Value: []byte(value)}, func(_ *kgo.Record, err error) { failed(err) })
	}, func() { _ = c.Flush(context.Background()) })
	c.Close()
}

func kgoConsume(bootstrap, topic, group string) {
	ctx := context.Background()
	opts := []kgo.Opt{kgo.ConsumeTopics(topic), kgo.ConsumerGroup(group), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.MetadataMinAge(250 * time.Millisecond)}
	if os.Getenv("GROUP_PROTOCOL") == "consumer" {
		opts = append(opts, kgo.ServerSideBalancer())
	}
	c, err := kgoClient(bootstrap, opts...)
	if err != nil {
		panic(err)
	}
	t := newTally()
	go func() {
		for {
			f := c.PollFetches(ctx)
			f.EachError(func(topic string, p int32, err error) { fmt.Println("told:", topic, p, err) })
			f.EachRecord(func(r *kgo.Record) { t.see(string(r.Key), string(r.Value)) })
		}
	}()
	reading(t)
}
