package kafka

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// headTags are those that heads of answers may have: none, and two nobody knows.
var headTags = [][]byte{{0}, {2, 5, 1, 'x', 9, 0}}

func TestRewrittenAnswersAreWhatDecodingThemGives(t *testing.T) {
	for _, k := range rewrittenAnswers {
		for version := range k.most + 1 {
			t.Run(fmt.Sprintf("%s v%d", kmsg.NameForKey(k.key), version), func(t *testing.T) {
				r := rand.New(rand.NewPCG(1, uint64(version)))
				for range 300 {
					compareRewritten(t, r, k, version)
				}
			})
		}
	}
}

func compareRewritten(t *testing.T, r *rand.Rand, k codec, version int16) {
	t.Helper()
	flexible := version >= k.flexible
	compareAnswer(t, k, version, frameOf(randomAnswer(r, k.key, version), flexible, headTags[r.IntN(len(headTags))]))
}

// compareAnswer rewrites frame, and compares what comes out with what decoding it,
// replacing addresses and encoding it gives.
func compareAnswer(t *testing.T, k codec, version int16, frame []byte) {
	t.Helper()
	flexible := version >= k.flexible
	in := bytes.Clone(frame)
	learnt, wanted := village{map[int32]string{}}, village{map[int32]string{}}
	out, changed, problem := Rewrite([]byte("before"), k.key, version, frame, learnt)
	if problem != nil {
		t.Fatalf("%v\n%x", problem, frame)
	}
	if !bytes.Equal(in, frame) {
		t.Fatal("the answer itself was changed")
	}
	if out = out[len("before"):]; !changed {
		if len(out) > 0 {
			t.Fatal("something was appended to an answer that can go as it is")
		}
		out = frame
	}
	m := bodyOf(k.key, version, flexible, frame)
	if version < k.hint { // there are no hints, or they are taken away
		patch(m, Strip(wanted))
	} else {
		patch(m, wanted)
	}
	c := cursor{b: frame, at: AnswerHead}
	c.tags(flexible)
	want := append(bytes.Clone(frame[AnswerHead:c.at]), m.AppendTo(nil)...)
	if got := out[AnswerHead:]; !bytes.Equal(got, want) {
		t.Fatalf("%d bytes\n%q\nwant %d\n%q", len(got), got, len(want), want)
	}
	if int(be32(out)) != len(out)-SizeLen || be32(out[4:]) != 77 {
		t.Fatal("length or correlation id is wrong")
	}
	if !maps.Equal(learnt.learnt, wanted.learnt) {
		t.Fatalf("learnt %v, want %v", learnt.learnt, wanted.learnt)
	}
}

func be32(b []byte) uint32 { c := cursor{b: b}; return uint32(c.int32()) }

func TestHintsAreTakenAwayWherePlacesAreStripped(t *testing.T) {
	for _, k := range rewrittenAnswers {
		if k.key != KeyShareFetch && k.key != KeyShareAcknowledge && k.hint == 0 {
			continue
		}
		r := rand.New(rand.NewPCG(2, 2))
		m := randomAnswer(r, k.key, k.most)
		brokersOf(m, func(list reflect.Value) {
			list.Set(reflect.MakeSlice(list.Type(), 2, 2))
			for i := range 2 {
				list.Index(i).FieldByName("Host").SetString("secret")
			}
		})
		v := village{map[int32]string{}}
		out, changed, p := Rewrite(nil, k.key, k.most, frameOf(m, true, headTags[0]), Strip(v))
		if !changed || p != nil || bytes.Contains(out, []byte("secret")) {
			t.Fatalf("%s: changed %v, %v: %q", kmsg.NameForKey(k.key), changed, p, out)
		}
		if len(v.learnt) != 1 {
			t.Errorf("%s: learnt %v", kmsg.NameForKey(k.key), v.learnt)
		}
		brokersOf(bodyOf(k.key, k.most, true, out), func(list reflect.Value) {
			if list.Len() != 0 {
				t.Errorf("%s still has brokers", kmsg.NameForKey(k.key))
			}
		})
	}
}

func TestAnswersThatMayHoldAddressesNobodyKnowsDoNotGoOut(t *testing.T) {
	for _, k := range rewrittenAnswers {
		r := rand.New(rand.NewPCG(3, 3))
		frame := frameOf(randomAnswer(r, k.key, k.most), true, headTags[1])
		for _, version := range []int16{-1, k.most + 1, 1 << 14} {
			if _, changed, p := Rewrite(nil, k.key, version, frame, village{}); p == nil || changed {
				t.Errorf("%s v%d: changed %v, problem %v", kmsg.NameForKey(k.key), version, changed, p)
			}
		}
		if _, _, p := Rewrite(nil, k.key, k.most, frame[:len(frame)-1], village{}); p == nil {
			t.Errorf("%s: a frame shorter than its length word went out", kmsg.NameForKey(k.key))
		}
	}
}

// Every frame that ends early, its length word notwithstanding, is told.
func TestCutAnswersAreNotUnderstood(t *testing.T) {
	for _, k := range rewrittenAnswers {
		r := rand.New(rand.NewPCG(4, 4))
		frame := frameOf(randomAnswer(r, k.key, k.most), true, headTags[1])
		whole := bodyOf(k.key, k.most, true, frame).AppendTo(nil)
		for n := range len(frame) {
			cut := bytes.Clone(frame[:n])
			if n >= SizeLen {
				copy(cut, []byte{0, 0, byte((n - SizeLen) >> 8), byte(n - SizeLen)})
			}
			out, changed, p := Rewrite(nil, k.key, k.most, cut, village{})
			if p == nil && changed && bodyOf(k.key, k.most, true, out) != nil && len(whole) > 0 {
				t.Errorf("%s cut at %d of %d went out whole", kmsg.NameForKey(k.key), n, len(frame))
			}
			if p == nil && !changed && bytes.Contains(cut, []byte("secret")) {
				t.Errorf("%s cut at %d of %d went out with addresses", kmsg.NameForKey(k.key), n, len(frame))
			}
		}
	}
}

func TestAnswersOfOtherAPIsAreLeftAlone(t *testing.T) {
	dst := []byte("x")
	if out, changed, p := Rewrite(dst, 18, 3, []byte("anything"), village{}); changed || p != nil || len(out) != 1 {
		t.Errorf("changed %v, problem %v", changed, p)
	}
}
