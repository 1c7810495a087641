package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

func confluentMap(bootstrap string, more kafka.ConfigMap) *kafka.ConfigMap {
	m := kafka.ConfigMap{"bootstrap.servers": bootstrap, "log_level": 2}
	for k, v := range more {
		m[k] = v
	}
	return &m
}

func confluentChecks(s *suite) {
	ctx := context.Background()
	topic := s.prefix + "t"
	admin, err := kafka.NewAdminClient(confluentMap(s.bootstrap, nil))
	if err != nil {
		s.check("admin", func() error { return err })
		return
	}
	defer admin.Close()
	create := func(topic string) error {
		r, err := admin.CreateTopics(ctx, []kafka.TopicSpecification{{Topic: topic, NumPartitions: 6, ReplicationFactor: -1}}, kafka.SetAdminOperationTimeout(20*time.Second))
		if err == nil && r[0].Error.Code() != kafka.ErrNoError {
			err = r[0].Error
		}
		return err
	}
	s.check("create topic", func() error { return create(topic) })
	s.eventually("metadata, describe topic and cluster", func() error {
		m, err := admin.GetMetadata(&topic, false, 20_000)
		if err != nil || len(m.Brokers) == 0 {
			return fmt.Errorf("metadata: %v", err)
		}
		d, err := admin.DescribeTopics(ctx, kafka.NewTopicCollectionOfTopicNames([]string{topic}))
		if err != nil || len(d.TopicDescriptions[0].Partitions) != 6 {
			return fmt.Errorf("describe topics: %v", err)
		}
		c, err := admin.DescribeCluster(ctx)
		if err != nil || len(c.Nodes) == 0 {
			return fmt.Errorf("describe cluster: %v", err)
		}
		return nil
	})
	for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		s.check("produce idempotent, "+codec, func() error {
			return confluentSend(s.bootstrap, topic, "codec"+codec, kafka.ConfigMap{"enable.idempotence": true, "compression.type": codec})
		})
	}
	for _, acks := range []int{0, 1} {
		s.check(fmt.Sprintf("produce acks=%d", acks), func() error {
			return confluentSend(s.bootstrap, topic, fmt.Sprintf("acks%d", acks), kafka.ConfigMap{"acks": acks})
		})
	}
	s.check("consume, classic group", func() error {
		return confluentRead(s.bootstrap, topic, s.prefix+"g", 7*records, nil)
	})
	if s.features["consumer"] {
		s.check("consume, KIP-848 group", func() error {
			return confluentRead(s.bootstrap, topic, s.prefix+"g848", 7*records, kafka.ConfigMap{"group.protocol": "consumer"})
		})
	}
	s.check("list and describe groups", func() error {
		if _, err := admin.ListConsumerGroups(ctx); err != nil {
			return err
		}
		d, err := admin.DescribeConsumerGroups(ctx, []string{s.prefix + "g"})
		if err == nil && d.ConsumerGroupDescriptions[0].Error.Code() != kafka.ErrNoError {
			err = d.ConsumerGroupDescriptions[0].Error
		}
		return err
	})
	s.check("transactions", func() error {
		if err := create(s.prefix + "txn"); err != nil {
			return err
		}
		p, err := kafka.NewProducer(confluentMap(s.bootstrap, kafka.ConfigMap{"transactional.id": s.prefix + "id"}))
		if err != nil {
			return err
		}
		defer p.Close()
		if err := p.InitTransactions(ctx); err != nil {
			return err
		}
		for i := range 4 {
			if err := p.BeginTransaction(); err != nil {
				return err
			}
			if err := confluentAll(p, s.prefix+"txn", "t"+strconv.Itoa(i), 80); err != nil {
				return err
			}
			end := p.CommitTransaction
			if i%2 == 1 {
				end = p.AbortTransaction
			}
			if err := end(ctx); err != nil {
				return err
			}
		}
		return confluentRead(s.bootstrap, s.prefix+"txn", s.prefix+"gtxn", 160, kafka.ConfigMap{"isolation.level": "read_committed"})
	})
	s.check("delete topic", func() error {
		r, err := admin.DeleteTopics(ctx, []string{topic}, kafka.SetAdminOperationTimeout(20*time.Second))
		if err == nil && r[0].Error.Code() != kafka.ErrNoError {
			err = r[0].Error
		}
		return err
	})
}

func confluentSend(bootstrap, topic, name string, more kafka.ConfigMap) error {
	p, err := kafka.NewProducer(confluentMap(bootstrap, more))
	if err != nil {
		return err
	}
	defer p.Close()
	return confluentAll(p, topic, name, records)
}

func confluentAll(p *kafka.Producer, topic, name string, n int) error {
	told := make(chan kafka.Event, n)
	for i := range n {
		m := &kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: kafka.PartitionAny}, Key: []byte(key(name, i)), Value: []byte(strconv.Itoa(i / keys))}
		if err := p.Produce(m, told); err != nil {
			return err
		}
	}
	for range n {
		if m := (<-told).(*kafka.Message); m.TopicPartition.Error != nil {
			return m.TopicPartition.Error
		}
	}
	return nil
}

func confluentConsumer(bootstrap, topic, group string, more kafka.ConfigMap) (*kafka.Consumer, error) {
	all := kafka.ConfigMap{"group.id": group, "auto.offset.reset": "earliest"}
	for k, v := range more {
		all[k] = v
	}
	c, err := kafka.NewConsumer(confluentMap(bootstrap, all))
	if err == nil {
		err = c.SubscribeTopics([]string{topic}, nil)
	}
	return c, err
}

func confluentRead(bootstrap, topic, group string, n int, more kafka.ConfigMap) error {
	c, err := confluentConsumer(bootstrap, topic, group, more)
	if err != nil {
		return err
	}
	defer c.Close()
	t := newTally()
	for end := time.Now().Add(limit); t.count() < n && time.Now().Before(end); {
		m, err := c.ReadMessage(time.Second)
		if err == nil {
			t.see(string(m.Key), string(m.Value))
		}
	}
	if _, err := c.Commit(); err != nil {
		return err
	}
	return t.whole(n)
}

func confluentProduce(bootstrap, topic, name string) {
	p, err := kafka.NewProducer(confluentMap(bootstrap, kafka.ConfigMap{"enable.idempotence": true, "delivery.timeout.ms": 240_000, "linger.ms": 0}))
	if err != nil {
		panic(err)
	}
	failures := make(chan func(error), 1)
	done := make(chan bool)
	go func() {
		defer close(done)
		var failed func(error)
		for e := range p.Events() {
			select {
			case failed = <-failures:
			default:
			}
			if m, ok := e.(*kafka.Message); ok && m.TopicPartition.Error != nil && failed != nil {
				failed(m.TopicPartition.Error)
			}
		}
	}()
	load(name, func(key, value string, failed func(error)) {
		select {
		case failures <- failed:
		default:
		}
		err := p.Produce(&kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: kafka.PartitionAny}, Key: []byte(key), Value: []byte(value)}, nil)
		if err != nil {
			failed(err)
		}
	}, func() {
		for p.Flush(1000) > 0 {
		}
	})
	p.Close()
	<-done
}

func confluentConsume(bootstrap, topic, group string) {
	c, err := confluentConsumer(bootstrap, topic, group, kafka.ConfigMap{"group.protocol": os.Getenv("GROUP_PROTOCOL")})
	if err != nil {
		panic(err)
	}
	t := newTally()
	go func() {
		for {
			if m, err := c.ReadMessage(time.Second); err == nil {
				t.see(string(m.Key), string(m.Value))
			} else if !err.(kafka.Error).IsTimeout() {
				fmt.Println("told:", err)
			}
		}
	}()
	reading(t)
}
