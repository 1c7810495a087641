package kafka

import (
	"fmt"
	"testing"

	"sidecar"
	"sidecar/varz"
)

const listed = "events"

func counted(r *varz.Registry, d *varz.Desc, s varz.Source) float64 {
	s.Listener = listed
	n := -1.0
	r.Each(func(of *varz.Desc, at varz.Source, v varz.Value) {
		if of == d && at == s {
			n = v.Number
			if v.Histogram != nil {
				n = float64(v.Histogram.Count())
			}
		}
	})
	return n
}

func TestRequestsAndAnswersAreCountedByAPI(t *testing.T) {
	r := new(varz.Registry)
	s := NewStats(r, listed)
	for range 2 {
		s.asked(KeyFetch, 18)
		s.answered(KeyFetch, 1e6)
		s.failed(KeyFetch, 6)
	}
	s.asked(KeyFetch, 99)
	s.asked(KeyFetch, -1)
	s.asked(999, 3)
	s.failed(999, 9999)
	s.failed(KeyProduce, -1)
	s.produce(0)
	s.produce(-1)
	s.hinted(true)
	s.hinted(false)
	s.hinted(false)
	s.refused(&sidecar.Fault{Reason: sidecar.BadRequest})
	for _, row := range []struct {
		d    *varz.Desc
		at   varz.Source
		want float64
	}{
		{varz.KafkaRequests, varz.Source{Operation: "Fetch", Version: "18"}, 2},
		{varz.KafkaRequests, varz.Source{Operation: "Fetch", Version: "other"}, 2},
		{varz.KafkaRequests, varz.Source{Operation: "other", Version: "other"}, 1},
		{varz.KafkaLatency, varz.Source{Operation: "Fetch"}, 2},
		{varz.KafkaErrors, varz.Source{Operation: "Fetch", Reason: "NOT_LEADER_OR_FOLLOWER"}, 2},
		{varz.KafkaErrors, varz.Source{Operation: "other", Reason: "other"}, 1},
		{varz.KafkaErrors, varz.Source{Operation: "Produce", Reason: "UNKNOWN_SERVER_ERROR"}, 1},
		{varz.KafkaAcks, varz.Source{Operation: "acks=0"}, 1},
		{varz.KafkaAcks, varz.Source{Operation: "acks=1"}, 0},
		{varz.KafkaAcks, varz.Source{Operation: "acks=all"}, 1},
		{varz.KafkaHints, varz.Source{}, 2},
		{varz.KafkaHintsStripped, varz.Source{}, 1},
		{varz.ListenerFailures, varz.Source{Reason: "bad_request"}, 1},
	} {
		if got := counted(r, row.d, row.at); got != row.want {
			t.Errorf("%s %+v: %v, want %v", row.d.Prom, row.at, got, row.want)
		}
	}
}

func TestTopicsAreCountedByNameWhateverTheyAreToldBy(t *testing.T) {
	r := new(varz.Registry)
	s := NewStats(r, listed)
	id := []byte("0123456789abcdef")
	s.produced([]byte("orders"), false, 100)
	s.Topic(id, []byte("orders"))
	s.produced(id, true, 50)
	see := &seer{s, KeyFetch}
	see.See(Partition{Topic: id, ID: true, Partition: 1, High: 70, Base: 40, Bytes: 1000})
	see.See(Partition{Topic: []byte("orders"), Partition: 2, High: 9, Base: 4, Bytes: 10})
	see.See(Partition{Topic: id, ID: true, Partition: 3, Code: 1, High: -1, Base: -1})
	see.See(Partition{Partition: -1, Code: 70})
	for _, row := range []struct {
		d    *varz.Desc
		at   varz.Source
		want float64
	}{
		{varz.KafkaProduced, varz.Source{Topic: "orders"}, 150},
		{varz.KafkaFetched, varz.Source{Topic: "orders"}, 1010},
		{varz.KafkaTopicErrors, varz.Source{Topic: "orders", Reason: "OFFSET_OUT_OF_RANGE"}, 1},
		{varz.KafkaErrors, varz.Source{Operation: "Fetch", Reason: "OFFSET_OUT_OF_RANGE"}, 1},
		{varz.KafkaLag, varz.Source{Topic: "orders"}, 35},
	} {
		if got := counted(r, row.d, row.at); got != row.want {
			t.Errorf("%s: %v, want %v", row.d.Prom, got, row.want)
		}
	}
	see.See(Partition{Topic: id, ID: true, Partition: 1, High: 70, Base: -1})
	if got := counted(r, varz.KafkaLag, varz.Source{Topic: "orders"}); got != 5 {
		t.Errorf("at the end of a partition the lag is %v, want 5", got)
	}
	see.See(Partition{Topic: id, ID: true, Partition: 2, High: 9, Base: 4, Bytes: 10, Records: 3})
	if got := counted(r, varz.KafkaLag, varz.Source{Topic: "orders"}); got != 2 {
		t.Errorf("with three of five records fetched the lag is %v, want 2", got)
	}
	see.See(Partition{Topic: id, ID: true, Partition: 2, High: 9, Base: 4, Bytes: 10, Records: 9})
	if got := counted(r, varz.KafkaLag, varz.Source{Topic: "orders"}); got != 0 {
		t.Errorf("with more guessed than there are the lag is %v, want 0", got)
	}
}

// A label that is no text would have collectors drop all that is told.
func TestWhatCannotBeANameIsNoLabel(t *testing.T) {
	r := new(varz.Registry)
	s := NewStats(r, listed)
	for _, name := range []string{"", "<script>", "a\nb", "\xff\xfe", "nul\x00", "ü", "a b"} {
		s.produced([]byte(name), false, 1)
		s.program([]byte(name), []byte("1.0"))
		s.program([]byte("p"), []byte(name))
	}
	if got := counted(r, varz.KafkaProduced, varz.Source{Topic: varz.Other}); got != 7 {
		t.Errorf("%v bytes of other topics, want 7", got)
	}
	// One is a program that does not say its release.
	if got := counted(r, varz.KafkaPrograms, varz.Source{Client: varz.Other}); got != 13 {
		t.Errorf("%v connections of other programs, want 13", got)
	}
	s.produced([]byte("Orders.v1_a-b"), false, 1)
	s.program([]byte("confluent-kafka-go"), []byte("2.11.1-librdkafka-2.11.1"))
	if counted(r, varz.KafkaProduced, varz.Source{Topic: "Orders.v1_a-b"}) != 1 || counted(r, varz.KafkaPrograms, varz.Source{Client: "confluent-kafka-go 2.11.1-librdkafka-2.11.1"}) != 1 {
		t.Error("a name is not counted by")
	}
}

func TestWhatClientsInventIsCountedTogether(t *testing.T) {
	r := new(varz.Registry)
	s := NewStats(r, listed)
	for i := range maxTopics + 10 {
		s.produced(fmt.Appendf(nil, "t%d", i), false, 1)
		s.program([]byte("p"), fmt.Append(nil, i))
	}
	s.produced(make([]byte, maxTopic+1), false, 1)
	s.produced(make([]byte, 16), true, 1)
	s.program(make([]byte, maxProgram), nil)
	if got := counted(r, varz.KafkaProduced, varz.Source{Topic: varz.Other}); got != 12 {
		t.Errorf("%v bytes of other topics, want 12", got)
	}
	if got := counted(r, varz.KafkaPrograms, varz.Source{Client: varz.Other}); got != maxTopics+10-maxPrograms+1 {
		t.Errorf("%v connections of other programs", got)
	}
	if n := len(s.topics.named); n > maxTopics+1 {
		t.Errorf("%d topics", n)
	}
}

// seer shows Stats the partitions of an answer to a request of one key. Its owner
// keeps one and sets key before each answer.
type seer struct {
	stats *Stats
	key   int16
}

// See is Seer's.
func (s *seer) See(p Partition) { s.stats.seen(s.key, &p) }
