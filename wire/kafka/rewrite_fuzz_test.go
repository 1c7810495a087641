package kafka

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"reflect"
	"testing"
)

// seedAnswers adds answers of every kind and version, each body behind its kind and
// version.
func seedAnswers(f *testing.F) {
	r := rand.New(rand.NewPCG(7, 7))
	for i, k := range rewrittenAnswers {
		for version := range k.most + 1 {
			frame := frameOf(randomAnswer(r, k.key, version), version >= k.flexible, headTags[r.IntN(2)])
			f.Add(uint8(i), uint8(version), frame[AnswerHead:])
		}
	}
}

// fuzzed is the whole answer that a fuzzer made up.
func fuzzed(body []byte) []byte {
	frame := make([]byte, AnswerHead, AnswerHead+len(body))
	frame = append(frame, body...)
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-SizeLen))
	return frame
}

// Whatever comes from a broker, an answer that goes out holds no address that is not
// ours, and decodes, with all other fields as they were, if it did before.
func FuzzRewrite(f *testing.F) {
	seedAnswers(f)
	f.Fuzz(func(t *testing.T, kind, version uint8, body []byte) {
		k := rewrittenAnswers[int(kind)%len(rewrittenAnswers)]
		v := int16(version) % (k.most + 2)
		frame := fuzzed(body)
		out, changed, p := Rewrite(nil, k.key, v, frame, village{})
		if p != nil {
			return
		}
		if !changed {
			out = frame
		}
		if int(be32(out)) != len(out)-SizeLen {
			t.Fatal("length word is wrong")
		}
		sameButAddresses(t, k, v, frame, out)
	})
}

// sameButAddresses compares what two answers decode to.
func sameButAddresses(t *testing.T, k codec, version int16, frame, out []byte) {
	t.Helper()
	flexible := version >= k.flexible
	in := bodyOf(k.key, version, flexible, frame)
	if in == nil {
		return
	}
	got := bodyOf(k.key, version, flexible, out)
	if got == nil {
		t.Fatalf("does not decode any more:\n%x\n%x", frame, out)
	}
	if k.key == KeyFindCoordinator {
		patch(in, village{}) // there are no lists to leave out
	}
	brokersOf(got, func(list reflect.Value) {
		for i := range list.Len() {
			host, node := list.Index(i).FieldByName("Host").String(), list.Index(i).FieldByName("NodeID").Int()
			if place, _, ok := (village{}).Place(int32(node)); host != "" && (!ok || node < 0 || host != place) {
				t.Fatalf("node %d is told to be at %q", node, host)
			}
		}
	})
	brokersOf(in, func(list reflect.Value) { list.SetZero() })
	brokersOf(got, func(list reflect.Value) { list.SetZero() })
	if a, b := in.AppendTo(nil), got.AppendTo(nil); !bytes.Equal(a, b) {
		t.Fatalf("other fields were changed:\n%x\n%x", a, b)
	}
}

// A walk changes nothing but addresses, does not depend on the pieces, and what it
// calls whole decodes if it did before.
func FuzzWalker(f *testing.F) {
	seedAnswers(f)
	f.Fuzz(func(t *testing.T, kind, version uint8, body []byte) {
		k := rewrittenAnswers[int(kind)%len(rewrittenAnswers)]
		v := int16(version) % (k.most + 2)
		whole, inBytes := fuzzed(body), fuzzed(body)
		var told, toldInBytes seers
		w, wb := Walker{Seen: &told}, Walker{Seen: &toldInBytes}
		p := pieces(&w, k.key, v, whole, func() int { return len(whole) })
		pb := pieces(&wb, k.key, v, inBytes, func() int { return 1 })
		if (p == nil) != (pb == nil) || w.Hinted != wb.Hinted {
			t.Fatalf("at once %v, byte by byte %v", p, pb)
		}
		if p != nil {
			return
		}
		if !bytes.Equal(whole, inBytes) || !reflect.DeepEqual(told, toldInBytes) {
			t.Fatal("what comes out depends on the pieces")
		}
		in, got := bodyOf(k.key, v, v >= k.flexible, fuzzed(body)), bodyOf(k.key, v, v >= k.flexible, whole)
		if in == nil || k.key == KeyFindCoordinator || k.key == KeyMetadata || k.key == KeyDescribeCluster {
			return
		}
		if got == nil {
			t.Fatalf("does not decode any more:\n%x", whole)
		}
		brokersOf(got, func(list reflect.Value) {
			if list.Len() > 0 {
				t.Fatal("addresses are left")
			}
		})
		array := k.hint == 0 && w.Hinted
		if a, b := uncovered(in, array), uncovered(got, array); !bytes.Equal(a, b) {
			t.Fatalf("other fields were changed:\n%x\n%x", a, b)
		}
	})
}
