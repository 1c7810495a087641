package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/IBM/sarama"
)

func saramaConfig() *sarama.Config {
	c := sarama.NewConfig()
	c.Version = sarama.V4_0_0_0
	c.Producer.Return.Successes, c.Producer.Return.Errors = true, true
	c.Producer.Partitioner = sarama.NewHashPartitioner
	c.Producer.Retry.Max, c.Producer.Retry.Backoff = 300, 200*time.Millisecond
	c.Consumer.Offsets.Initial = sarama.OffsetOldest
	c.Metadata.Retry.Max = 100
	return c
}

func saramaIdempotent() *sarama.Config {
	c := saramaConfig()
	c.Producer.Idempotent, c.Producer.RequiredAcks, c.Net.MaxOpenRequests = true, sarama.WaitForAll, 1
	return c
}

func saramaChecks(s *suite) {
	topic, seeds := s.prefix+"t", []string{s.bootstrap}
	admin, err := sarama.NewClusterAdmin(seeds, saramaConfig())
	if err != nil {
		s.check("admin", func() error { return err })
		return
	}
	defer admin.Close()
	create := func(topic string) error {
		return admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: 6, ReplicationFactor: -1}, false)
	}
	s.check("create topic", func() error { return create(topic) })
	s.eventually("describe topic and cluster, list topics", func() error {
		d, err := admin.DescribeTopics([]string{topic})
		if err != nil {
			return err
		}
		if len(d[0].Partitions) != 6 {
			return fmt.Errorf("%d partitions", len(d[0].Partitions))
		}
		if all, err := admin.ListTopics(); err != nil || all[topic].NumPartitions != 6 {
			return fmt.Errorf("list: %v", err)
		}
		b, _, err := admin.DescribeCluster()
		if err == nil && len(b) == 0 {
			err = fmt.Errorf("no brokers")
		}
		return err
	})
	send := func(c *sarama.Config, name string) error {
		p, err := sarama.NewSyncProducer(seeds, c)
		if err != nil {
			return err
		}
		defer p.Close()
		return p.SendMessages(saramaMessages(topic, name, records))
	}
	for i, codec := range []sarama.CompressionCodec{sarama.CompressionNone, sarama.CompressionGZIP, sarama.CompressionSnappy, sarama.CompressionLZ4, sarama.CompressionZSTD} {
		s.check("produce idempotent, "+codec.String(), func() error {
			c := saramaIdempotent()
			c.Producer.Compression = codec
			return send(c, "codec"+strconv.Itoa(i))
		})
	}
	s.check("produce acks=1", func() error {
		c := saramaConfig()
		c.Producer.RequiredAcks = sarama.WaitForLocal
		return send(c, "acks1")
	})
	s.check("consume, classic group", func() error {
		return saramaRead(seeds, topic, s.prefix+"g", 6*records, saramaConfig())
	})
	s.check("list and describe groups", func() error {
		d, err := admin.DescribeConsumerGroups([]string{s.prefix + "g"})
		if err != nil || d[0].Err != 0 {
			return fmt.Errorf("%v %v", d, err)
		}
		_, err = admin.ListConsumerGroups()
		return err
	})
	s.check("transactions", func() error {
		if err := create(s.prefix + "txn"); err != nil {
			return err
		}
		c := saramaIdempotent()
		c.Producer.Transaction.ID = s.prefix + "id"
		p, err := sarama.NewSyncProducer(seeds, c)
		if err != nil {
			return err
		}
		defer p.Close()
		for i := range 4 {
			if err := p.BeginTxn(); err != nil {
				return err
			}
			if err := p.SendMessages(saramaMessages(s.prefix+"txn", "t"+strconv.Itoa(i), 80)); err != nil {
				return err
			}
			end := p.CommitTxn
			if i%2 == 1 {
				end = p.AbortTxn
			}
			if err := end(); err != nil {
				return err
			}
		}
		r := saramaConfig()
		r.Consumer.IsolationLevel = sarama.ReadCommitted
		return saramaRead(seeds, s.prefix+"txn", s.prefix+"gtxn", 160, r)
	})
	s.check("delete topic", func() error { return admin.DeleteTopic(topic) })
}

func saramaMessages(topic, name string, n int) (all []*sarama.ProducerMessage) {
	for i := range n {
		all = append(all, &sarama.ProducerMessage{Topic: topic, Key: sarama.StringEncoder(key(name, i)), Value: sarama.StringEncoder(strconv.Itoa(i / keys))})
	}
	return all
}

// member is a group's consumer.
type member struct {
	*tally
	n    int // ends the session when so many were seen; 0 never
	done context.CancelFunc
}

func (m *member) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (m *member) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (m *member) ConsumeClaim(s sarama.ConsumerGroupSession, c sarama.ConsumerGroupClaim) error {
	for {
		select {
		case r, ok := <-c.Messages():
			if !ok {
				return nil
			}
			m.see(string(r.Key), string(r.Value))
			s.MarkMessage(r, "")
			if m.n > 0 && m.count() >= m.n {
				m.done()
			}
		case <-s.Context().Done():
			return nil
		}
	}
}

func saramaRead(seeds []string, topic, group string, n int, c *sarama.Config) error {
	g, err := sarama.NewConsumerGroup(seeds, group, c)
	if err != nil {
		return err
	}
	defer g.Close()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	m := &member{newTally(), n, cancel}
	for ctx.Err() == nil {
		if err := g.Consume(ctx, []string{topic}, m); err != nil {
			return err
		}
	}
	return m.whole(n)
}

func saramaProduce(bootstrap, topic, name string) {
	c := saramaIdempotent()
	c.Metadata.RefreshFrequency = 5 * time.Second
	p, err := sarama.NewAsyncProducer([]string{bootstrap}, c)
	if err != nil {
		panic(err)
	}
	pending := make(chan func(error), 100_000)
	done := make(chan bool)
	go func() {
		defer close(done)
		ok, bad := p.Successes(), p.Errors()
		for ok != nil || bad != nil {
			select {
			case _, more := <-ok:
				if !more {
					ok = nil
				}
			case e, more := <-bad:
				if !more {
					bad = nil
					continue
				}
				(<-pending)(e.Err)
			}
		}
	}()
	load(name, func(key, value string, failed func(error)) {
		select {
		case pending <- failed:
		default:
		}
		p.Input() <- &sarama.ProducerMessage{Topic: topic, Key: sarama.StringEncoder(key), Value: sarama.StringEncoder(value)}
	}, func() { p.AsyncClose(); <-done })
}

func saramaConsume(bootstrap, topic, group string) {
	c := saramaConfig()
	c.Consumer.Return.Errors = true
	var g sarama.ConsumerGroup
	for {
		var err error
		if g, err = sarama.NewConsumerGroup([]string{bootstrap}, group, c); err == nil {
			break
		}
		fmt.Println("told:", err)
		time.Sleep(time.Second)
	}
	m := &member{tally: newTally()}
	go func() {
		for err := range g.Errors() {
			fmt.Println("told:", err)
		}
	}()
	go func() {
		for {
			if err := g.Consume(context.Background(), []string{topic}, m); err != nil {
				fmt.Println("told:", err)
				time.Sleep(100 * time.Millisecond)
			}
		}
	}()
	reading(m.tally)
}
