package kafka

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// manyTopics is a request for three topics of four partitions each, which are led
// by partition mod 3.
func manyTopics(version int16) *kmsg.ProduceRequest {
	req := kmsg.NewPtrProduceRequest()
	txn := "t"
	req.Version, req.TransactionID, req.Acks, req.TimeoutMillis = version, &txn, -1, 1500
	for i := range 3 {
		topic := kmsg.NewProduceRequestTopic()
		topic.Topic = fmt.Sprintf("topic-%d", i)
		if version >= 9 {
			topic.UnknownTags.Set(40, []byte("topic"))
		}
		for k := range 4 {
			p := kmsg.NewProduceRequestTopicPartition()
			p.Partition, p.Records = int32(k), []byte(fmt.Sprintf("records of %d in %d", k, i))
			if version >= 9 {
				p.UnknownTags.Set(41, []byte("part"))
			}
			topic.Partitions = append(topic.Partitions, p)
		}
		req.Topics = append(req.Topics, topic)
	}
	if version >= 9 {
		req.UnknownTags.Set(42, []byte("all"))
	}
	return req
}

// lead gives partitions their leaders as manyTopics says.
func lead(s *split) {
	for i := range s.parts {
		s.parts[i].leader = s.parts[i].index % 3
	}
}

func TestEachLeaderGetsItsPartitionsAsTheyCame(t *testing.T) {
	for version := range int16(singleProduce + 1) {
		whole := manyTopics(version)
		frame := request(whole, "client", false)
		var s split
		if p := s.parse(frame, version); p != nil {
			t.Fatal(p)
		}
		if s.acks != -1 || s.timeout != 1500 {
			t.Errorf("version %d: acks %d, timeout %d", version, s.acks, s.timeout)
		}
		lead(&s)
		for leader := range int32(3) {
			want := manyTopics(version)
			for i := range want.Topics {
				mine := []kmsg.ProduceRequestTopicPartition{}
				for _, p := range want.Topics[i].Partitions {
					if p.Partition%3 == leader {
						mine = append(mine, p)
					}
				}
				want.Topics[i].Partitions = mine
			}
			got := s.of([]byte("front"), leader)[5:]
			if same := request(want, "client", false); string(got) != string(same) {
				t.Errorf("version %d, leader %d:\n%x\nwant\n%x", version, leader, got, same)
			}
			if len(got) > len(frame) {
				t.Errorf("version %d: a part is longer than the whole", version)
			}
		}
		if _, ok := s.single(); ok {
			t.Error("three leaders are one")
		}
		for i := range s.parts {
			s.parts[i].leader = 2
		}
		if leader, ok := s.single(); !ok || leader != 2 || string(s.of(nil, 2)) != string(frame) {
			t.Errorf("version %d: a single leader does not get the whole", version)
		}
	}
}

func TestAnswersOfLeadersAreMergedInTheOrderAsked(t *testing.T) {
	for version := range int16(singleProduce + 1) {
		var s split
		if p := s.parse(request(manyTopics(version), "client", false), version); p != nil {
			t.Fatal(p)
		}
		lead(&s)
		want := kmsg.NewPtrProduceResponse()
		want.Version, want.ThrottleMillis = version, 30
		if version < 1 {
			want.ThrottleMillis = 0
		}
		for _, topic := range manyTopics(version).Topics {
			e := kmsg.NewProduceResponseTopic()
			e.Topic = topic.Topic
			for _, p := range topic.Partitions {
				e.Partitions = append(e.Partitions, leaderSays(version, p.Partition))
			}
			want.Topics = append(want.Topics, e)
		}
		throttle := int32(0)
		for _, leader := range []int32{1, 0} { // 2 says nothing
			n, problem := s.take(leader, leaderAnswer(version, leader))
			if problem != nil {
				t.Fatal(problem)
			}
			throttle = max(throttle, n)
		}
		s.lose(2)
		out := s.merge(nil, 99, throttle)
		got := kmsg.NewPtrProduceResponse()
		got.Version = version
		body := out[AnswerHead:]
		if version >= 9 {
			body = body[1:]
		}
		if err := got.ReadFrom(body); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("version %d:\n%+v\nwant\n%+v", version, got, want)
		}
		if size, id, _ := ParseAnswerHead(out); size != len(out)-SizeLen || id != 99 {
			t.Errorf("version %d: %d bytes, correlation %d", version, size, id)
		}
	}
}

// leaderSays is what the leaders of manyTopics say of a partition: 2 is dead.
func leaderSays(version int16, partition int32) kmsg.ProduceResponseTopicPartition {
	p := kmsg.NewProduceResponseTopicPartition()
	p.Partition = partition
	p.BaseOffset, p.LogAppendTime, p.LogStartOffset = -1, -1, -1
	if partition%3 == 2 {
		p.ErrorCode = codeNetworkException
		return p
	}
	p.BaseOffset = int64(partition) + 1000
	if version >= 2 {
		p.LogAppendTime = 5
	}
	if version >= 5 {
		p.LogStartOffset = 3
	}
	if version >= 8 && partition == 1 {
		p.ErrorCode = 87
		text := "bad record"
		p.ErrorMessage = &text
		p.ErrorRecords = []kmsg.ProduceResponseTopicPartitionErrorRecord{{RelativeOffset: 2, ErrorMessage: &text}}
	}
	return p
}

// leaderAnswer is leader's answer to its part of manyTopics: in another order, with
// hints.
func leaderAnswer(version int16, leader int32) []byte {
	resp := kmsg.NewPtrProduceResponse()
	resp.Version, resp.ThrottleMillis = version, 10+20*leader
	for _, topic := range []string{"topic-2", "topic-0", "topic-1"} {
		e := kmsg.NewProduceResponseTopic()
		e.Topic = topic
		for k := int32(3); k >= 0; k-- {
			if k%3 == leader {
				p := leaderSays(version, k)
				if version >= 9 {
					p.CurrentLeader.LeaderID = 7
				}
				e.Partitions = append(e.Partitions, p)
			}
		}
		resp.Topics = append(resp.Topics, e)
	}
	b := answer(resp)
	if version >= 9 { // the head's tags
		b = append(append(append([]byte{}, b[:AnswerHead]...), 0), b[AnswerHead:]...)
		b[2], b[3] = byte((len(b)-SizeLen)>>8), byte(len(b)-SizeLen)
	}
	return b
}

func FuzzSplit(f *testing.F) {
	for version := range int16(singleProduce + 1) {
		f.Add(request(manyTopics(version), "client", false), leaderAnswer(version, 1), version)
	}
	f.Fuzz(func(t *testing.T, frame, said []byte, version int16) {
		var s split
		if version < 0 || version > singleProduce || s.parse(frame, version) != nil {
			return
		}
		lead(&s)
		for leader := range int32(3) {
			var one split
			b := s.of(nil, leader)
			if p := one.parse(b, version); p != nil {
				t.Fatalf("leader %d: %v", leader, p)
			}
			for _, p := range one.parts {
				if p.index%3 != leader {
					t.Fatalf("leader %d is sent partition %d", leader, p.index)
				}
			}
		}
		_, _ = s.take(1, said)
		for leader := int32(-2); leader < 3; leader++ {
			s.lose(leader)
		}
		s.merge(nil, 1, 0)
	})
}
