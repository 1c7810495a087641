package kafka

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// request is req as a client sends it; with tags, its head has two tagged fields
// where its version allows them.
func request(req kmsg.Request, client string, tags bool) []byte {
	b := kmsg.NewRequestFormatter(kmsg.FormatterClientID(client)).AppendRequest(nil, req, 77)
	if !tags || !req.IsFlexible() {
		return b
	}
	at := RequestHead + 2 + len(client) // its byte of no tags
	b = bytes.Join([][]byte{b[:at], {2, 0, 3, 'a', 'b', 'c', 0xc8, 1, 0}, b[at+1:]}, nil)
	b[2], b[3] = byte((len(b)-SizeLen)>>8), byte(len(b)-SizeLen)
	return b
}

func produceRequest(version int16, txn *string, acks int16) *kmsg.ProduceRequest {
	req := kmsg.NewPtrProduceRequest()
	req.Version, req.TransactionID, req.Acks, req.TimeoutMillis = version, txn, acks, 1000
	for i := range 2 {
		topic := kmsg.NewProduceRequestTopic()
		topic.Topic = fmt.Sprintf("topic-%d", i)
		topic.TopicID = [16]byte{15: byte(i + 1)}
		for range 2 {
			part := kmsg.NewProduceRequestTopicPartition()
			part.Records = []byte("records that are none")
			topic.Partitions = append(topic.Partitions, part)
		}
		req.Topics = append(req.Topics, topic)
	}
	return req
}

func TestAcksAreFoundInEveryVersion(t *testing.T) {
	short, long := "txn", strings.Repeat("x", 300)
	for version := range apis[KeyProduce].Max + 1 {
		for name, txn := range map[string]*string{"none": nil, "short": &short, "300 bytes": &long} {
			for _, tags := range []bool{false, true} {
				for _, acks := range []int16{0, 1, -1} {
					b := request(produceRequest(version, txn, acks), "client", tags)
					got, ok := Acks(b, version)
					if !ok || got != acks {
						t.Errorf("version %d, transactional id %s, tags %v: acks are %d (%v), want %d", version, name, tags, got, ok, acks)
					}
					end := 0
					for ; end < len(b); end++ {
						if _, ok := Acks(b[:end], version); ok {
							break
						}
					}
					if got, _ := Acks(b[:end], version); got != acks {
						t.Errorf("version %d: acks of %d bytes are %d", version, end, got)
					}
				}
			}
		}
	}
}

func TestTopicsAreFoundInEveryVersion(t *testing.T) {
	for version := range apis[KeyProduce].Max + 1 {
		b := request(produceRequest(version, nil, 1), "client", true)
		checkTopics(t, b, KeyProduce, version, version >= 13)
	}
	for version := range apis[KeyFetch].Max + 1 {
		req := kmsg.NewPtrFetchRequest()
		req.Version = version
		for i := range 2 {
			topic := kmsg.NewFetchRequestTopic()
			topic.Topic = fmt.Sprintf("topic-%d", i)
			topic.TopicID = [16]byte{15: byte(i + 1)}
			for range 3 {
				topic.Partitions = append(topic.Partitions, kmsg.NewFetchRequestTopicPartition())
			}
			req.Topics = append(req.Topics, topic)
		}
		checkTopics(t, request(req, "client", true), KeyFetch, version, version >= 13)
	}
	none := AskedOf(nil, KeyMetadata, 0)
	if _, _, ok := none.Next(); ok {
		t.Error("a request for metadata has topics")
	}
}

func checkTopics(t *testing.T, b []byte, key, version int16, ids bool) {
	t.Helper()
	topics := AskedOf(b, key, version)
	for i := range 2 {
		topic, id, ok := topics.Next()
		want := []byte(fmt.Sprintf("topic-%d", i))
		if ids {
			want = []byte{15: byte(i + 1)}
		}
		if !ok || id != ids || !bytes.Equal(topic, want) {
			t.Errorf("%s %d: topic %d is %q (%v, %v)", NameOf(key), version, i, topic, id, ok)
		}
	}
	if topic, _, ok := topics.Next(); ok {
		t.Errorf("%s %d: a topic too many: %q", NameOf(key), version, topic)
	}
}

func TestClientsAreKnownByTheirSoftware(t *testing.T) {
	for version := range apis[KeyAPIVersions].Max + 1 {
		req := kmsg.NewPtrApiVersionsRequest()
		req.Version, req.ClientSoftwareName, req.ClientSoftwareVersion = version, "kgo", "1.22"
		b := request(req, "me", true)
		name, release, ok := ClientSoftware(b, version)
		if told := version >= 3; ok != told || told && (string(name) != "kgo" || string(release) != "1.22") {
			t.Errorf("version %d: %q %q %v", version, name, release, ok)
		}
		if p, id := body(b, false); p.bad || string(id) != "me" {
			t.Errorf("version %d: client %q %v", version, id, !p.bad)
		}
	}
}

func FuzzRequest(f *testing.F) {
	txn := "txn"
	for version := range apis[KeyProduce].Max + 1 {
		f.Add(request(produceRequest(version, &txn, 1), "client", true), KeyProduce, version)
	}
	for version := range apis[KeyFetch].Max + 1 {
		req := kmsg.NewPtrFetchRequest()
		req.Version = version
		f.Add(request(req, "client", true), KeyFetch, version)
	}
	f.Fuzz(func(t *testing.T, b []byte, key, version int16) {
		topics := AskedOf(b, key, version)
		for n := 0; ; n++ {
			topic, _, ok := topics.Next()
			if !ok {
				break
			}
			if len(topic) > len(b) || n > len(b) {
				t.Fatalf("topic %d of %d bytes", n, len(topic))
			}
		}
		acks, ok := Acks(b, version)
		if again, still := Acks(append(bytes.Clone(b), 1, 2, 3, 4), version); ok && (!still || again != acks) {
			t.Errorf("acks are %d, with more bytes %d", acks, again)
		}
		ClientSoftware(b, version)
	})
}
