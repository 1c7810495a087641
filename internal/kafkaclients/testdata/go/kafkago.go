package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"
)

func kafkagoChecks(s *suite) {
	ctx := context.Background()
	topic := s.prefix + "t"
	c := &kafka.Client{Addr: kafka.TCP(s.bootstrap), Timeout: 20 * time.Second}
	s.check("create topic", func() error {
		r, err := c.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{Topic: topic, NumPartitions: 6, ReplicationFactor: -1}}})
		if err == nil {
			err = r.Errors[topic]
		}
		return err
	})
	s.check("metadata", func() error {
		for {
			m, err := c.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
			if err != nil {
				return err
			}
			if len(m.Brokers) > 0 && len(m.Topics) == 1 && len(m.Topics[0].Partitions) == 6 {
				return nil
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
	for _, acks := range []kafka.RequiredAcks{kafka.RequireAll, kafka.RequireOne, kafka.RequireNone} {
		s.check("produce acks="+acks.String(), func() error {
			w := &kafka.Writer{Addr: kafka.TCP(s.bootstrap), Topic: topic, Balancer: &kafka.Hash{}, RequiredAcks: acks, BatchTimeout: 5 * time.Millisecond, Compression: kafka.Snappy}
			defer w.Close()
			var all []kafka.Message
			for i := range records {
				all = append(all, kafka.Message{Key: []byte(key("acks"+acks.String(), i)), Value: []byte(strconv.Itoa(i / keys))})
			}
			return w.WriteMessages(ctx, all...)
		})
	}
	s.check("consume, classic group", func() error {
		r := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{s.bootstrap}, GroupID: s.prefix + "g", Topic: topic, StartOffset: kafka.FirstOffset, MaxWait: 500 * time.Millisecond})
		defer r.Close()
		t := newTally()
		for t.count() < 3*records {
			m, err := r.ReadMessage(ctx)
			if err != nil {
				return err
			}
			t.see(string(m.Key), string(m.Value))
		}
		return t.whole(3 * records)
	})
	s.check("list offsets and describe group", func() error {
		o, err := c.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: {kafka.LastOffsetOf(0), kafka.FirstOffsetOf(1)}}})
		if err != nil || len(o.Topics[topic]) != 2 {
			return fmt.Errorf("%v %v", o, err)
		}
		d, err := c.DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{s.prefix + "g"}})
		if err == nil {
			err = d.Groups[0].Error
		}
		return err
	})
	s.check("delete topic", func() error {
		d, err := c.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{topic}})
		if err == nil {
			err = d.Errors[topic]
		}
		return err
	})
}

func kafkagoProduce(bootstrap, topic, name string) {
	transport := &kafka.Transport{MetadataTTL: time.Second}
	w := &kafka.Writer{Addr: kafka.TCP(bootstrap), Topic: topic, Balancer: &kafka.Hash{}, RequiredAcks: kafka.RequireAll, BatchTimeout: 5 * time.Millisecond, MaxAttempts: 10, Transport: transport}
	load(name, func(key, value string, failed func(error)) {
		for end := time.Now().Add(limit); ; time.Sleep(100 * time.Millisecond) { // one by one, or what is done again would overtake
			err := w.WriteMessages(context.Background(), kafka.Message{Key: []byte(key), Value: []byte(value)})
			if err == nil || time.Now().After(end) {
				failed(err)
				return
			}
		}
	}, func() {})
	_ = w.Close()
}

func kafkagoConsume(bootstrap, topic, group string) {
	r := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{bootstrap}, GroupID: group, Topic: topic, StartOffset: kafka.FirstOffset, MaxWait: 500 * time.Millisecond, MaxAttempts: 100})
	t := newTally()
	go func() {
		for {
			m, err := r.ReadMessage(context.Background())
			if err != nil {
				fmt.Println("told:", err)
				time.Sleep(100 * time.Millisecond)
				continue
			}
			t.see(string(m.Key), string(m.Value))
		}
	}()
	reading(t)
}
