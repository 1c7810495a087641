package kafka

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// walked are the answers that a Walker covers.
var walked = []codec{rewrittenAnswers[0], rewrittenAnswers[1], rewrittenAnswers[5], rewrittenAnswers[6]}

// pieces walks through frame in pieces that size gives the length of, minding skip.
func pieces(w *Walker, key, version int16, frame []byte, size func() int) *Problem {
	b := frame[AnswerHead:]
	w.Begin(key, version, len(b))
	for len(b) > 0 {
		n := min(size(), len(b))
		skip, p := w.Take(b[:n])
		if p != nil {
			return p
		}
		if b = b[n:]; skip > len(b) {
			return errLength
		}
		b = b[skip:]
	}
	if !w.Whole() {
		return errAnswer
	}
	return nil
}

func TestWalkerTakesAddressesOutInPlace(t *testing.T) {
	for _, k := range walked {
		for version := range k.most + 1 {
			t.Run(fmt.Sprintf("%s v%d", kmsg.NameForKey(k.key), version), func(t *testing.T) {
				r := rand.New(rand.NewPCG(5, uint64(version)))
				for range 300 {
					flexible := version >= k.flexible
					frame := frameOf(randomAnswer(r, k.key, version), flexible, headTags[r.IntN(len(headTags))])
					atOnce := compareWalked(t, k, version, frame, func() int { return len(frame) })
					for _, size := range []func() int{func() int { return 1 }, func() int { return 1 + r.IntN(40) }} {
						if got := compareWalked(t, k, version, frame, size); !bytes.Equal(got, atOnce) {
							t.Fatal("what comes out depends on the pieces")
						}
					}
				}
			})
		}
	}
}

func compareWalked(t *testing.T, k codec, version int16, frame []byte, size func() int) []byte {
	t.Helper()
	flexible := version >= k.flexible
	out := bytes.Clone(frame)
	var w Walker
	if p := pieces(&w, k.key, version, out, size); p != nil {
		t.Fatalf("%v\n%x", p, frame)
	}
	if bytes.Contains(out, []byte("secret")) {
		t.Fatal("an address is left")
	}
	in, got := bodyOf(k.key, version, flexible, frame), bodyOf(k.key, version, flexible, out)
	if got == nil {
		t.Fatalf("does not decode any more:\n%x\n%x", frame, out)
	}
	hinted := false
	brokersOf(in, func(list reflect.Value) { hinted = hinted || list.Len() > 0 })
	if hinted != w.Hinted {
		t.Fatalf("hinted %v, told %v", hinted, w.Hinted)
	}
	if !hinted && !bytes.Equal(frame, out) {
		t.Fatal("an answer without addresses was changed")
	}
	if a, b := uncovered(in, k.hint == 0 && hinted), uncovered(got, k.hint == 0 && hinted); !bytes.Equal(a, b) {
		t.Fatalf("other fields were changed:\n%x\n%x", a, b)
	}
	return out
}

// uncovered encodes m without its brokers and what covers them; untagged: without
// any tagged field at its end, since an array is covered together with them.
func uncovered(m kmsg.Response, untagged bool) []byte {
	brokersOf(m, func(list reflect.Value) { list.SetZero() })
	v := reflect.ValueOf(m).Elem().FieldByName("UnknownTags").Addr().Interface().(*kmsg.Tags)
	var kept kmsg.Tags
	v.Each(func(number uint32, content []byte) {
		if number != noTag && !untagged {
			kept.Set(number, content)
		}
	})
	*v = kept
	return m.AppendTo(nil)
}

// An array and all behind it are covered whatever their length is.
func TestCoverHasAnyLength(t *testing.T) {
	for size := 13; size < 40_000; size++ {
		f := maskOf(size)
		b := bytes.Repeat([]byte{'x'}, size)
		f.cover(b)
		c := cursor{b: b}
		if c.count(true, 1) != 0 || c.uvarint() != 1 || c.uvarint() != noTag {
			t.Fatalf("%d: %x", size, b[:8])
		}
		content := c.take(c.uvarint())
		if !c.whole() || bytes.Contains(content, []byte{'x'}) {
			t.Fatalf("%d: %x", size, b[:8])
		}
	}
}

func TestWalkerRefusesWhatItDoesNotUnderstand(t *testing.T) {
	for _, k := range walked {
		r := rand.New(rand.NewPCG(6, 6))
		frame := frameOf(randomAnswer(r, k.key, k.most), true, headTags[1])
		var w Walker
		one := func() int { return 1 }
		if p := pieces(&w, k.key, k.most+1, bytes.Clone(frame), one); p != errVersion {
			t.Errorf("%s: newer version: %v", kmsg.NameForKey(k.key), p)
		}
		// What follows the beginning of an array of addresses is covered, not read.
		blind := func() bool { return w.Hinted && k.hint == 0 }
		if p := pieces(&w, k.key, k.most, append(bytes.Clone(frame), 0), one); p == nil && !blind() {
			t.Errorf("%s: a byte too many was let by", kmsg.NameForKey(k.key))
		}
		for n := AnswerHead; n < len(frame); n++ {
			if p := pieces(&w, k.key, k.most, bytes.Clone(frame[:n]), one); p == nil && !blind() {
				t.Errorf("%s: cut at %d of %d was taken as whole", kmsg.NameForKey(k.key), n, len(frame))
			}
			if _, p := w.Take([]byte{0}); p == nil && !blind() {
				t.Errorf("%s: more was taken after a problem", kmsg.NameForKey(k.key))
			}
		}
	}
}

// seers note what they are told.
type seers []Partition

func (s *seers) See(p Partition) {
	p.Topic = slices.Clone(p.Topic)
	*s = append(*s, p)
}

func TestSeerIsToldOfPartitions(t *testing.T) {
	const records = "01234567rest of the batch"
	m := kmsg.NewPtrFetchResponse()
	m.ErrorCode = 7
	a, b := kmsg.NewFetchResponseTopic(), kmsg.NewFetchResponseTopic()
	a.Topic, a.TopicID[15] = "a", 1
	b.Topic, b.TopicID[15] = "b", 2
	for i := range int32(2) {
		p := kmsg.NewFetchResponseTopicPartition()
		p.Partition, p.HighWatermark, p.RecordBatches = i, 100+int64(i), []byte(records)
		a.Partitions = append(a.Partitions, p)
	}
	p := kmsg.NewFetchResponseTopicPartition()
	p.Partition, p.ErrorCode, p.HighWatermark = 9, 6, -1
	b.Partitions = append(b.Partitions, p)
	m.Topics = append(m.Topics, a, b)
	base := int64(be32([]byte("0123")))<<32 | int64(be32([]byte("4567")))
	for _, version := range []int16{4, 7, 12, 13, 18} {
		m.SetVersion(version)
		nameA, nameB, ids := []byte("a"), []byte("b"), version >= 13
		if ids {
			nameA, nameB = a.TopicID[:], b.TopicID[:]
		}
		want := seers{
			{Topic: nameA, ID: ids, Partition: 0, High: 100, Base: base, Bytes: len(records)},
			{Topic: nameA, ID: ids, Partition: 1, High: 101, Base: base, Bytes: len(records)},
			{Topic: nameB, ID: ids, Partition: 9, Code: 6, High: -1, Base: -1},
		}
		if version >= 7 {
			want = append(seers{{Partition: -1, Code: 7, High: -1, Base: -1}}, want...)
		}
		frame := frameOf(m, version >= 12, headTags[0])
		for _, size := range []int{1, 5, 10_000} {
			var got seers
			if p := pieces(&Walker{Seen: &got}, KeyFetch, version, bytes.Clone(frame), func() int { return size }); p != nil {
				t.Fatal(p)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("v%d in pieces of %d:\n%+v\nwant\n%+v", version, size, got, want)
			}
		}
	}
}

func TestRecordsNeedNotBeSeen(t *testing.T) {
	m := kmsg.NewPtrFetchResponse()
	m.SetVersion(17)
	topic, p := kmsg.NewFetchResponseTopic(), kmsg.NewFetchResponseTopicPartition()
	p.RecordBatches = make([]byte, 1<<20)
	topic.Partitions = append(topic.Partitions, p)
	m.Topics = append(m.Topics, topic)
	frame := frameOf(m, true, headTags[0])
	var got seers
	w := Walker{Seen: &got}
	w.Begin(KeyFetch, 17, len(frame)-AnswerHead)
	skip, problem := w.Take(frame[AnswerHead:1000])
	if problem != nil || skip < 1<<20-1000 || len(got) != 1 || got[0].Bytes != 1<<20 {
		t.Fatalf("skip %d, problem %v, seen %+v", skip, problem, got)
	}
	if _, problem = w.Take(frame[1000+skip:]); problem != nil || !w.Whole() {
		t.Errorf("the rest: %v", problem)
	}
}
