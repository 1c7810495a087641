//go:build !race

package kafka

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// fixed is a Places that knows every node by one name.
type fixed struct{}

func (fixed) Learn(int32, []byte, int32) {}

func (fixed) Place(node int32) (string, int32, bool) { return "127.92.0.1", 9092, node >= 0 }

type nobody struct{ n int }

func (s *nobody) See(Partition)     { s.n++ }
func (s *nobody) Topic(_, _ []byte) { s.n++ }

func TestAllocRewritingAnswersTakesNoMemory(t *testing.T) {
	for _, k := range rewrittenAnswers {
		for version := range k.most + 1 {
			r := rand.New(rand.NewPCG(8, uint64(version)))
			frame := frameOf(randomAnswer(r, k.key, version), version >= k.flexible, headTags[1])
			var p Places = fixed{}
			dst := make([]byte, 0, 4*len(frame)+1000)
			if n := testing.AllocsPerRun(50, func() { Rewrite(dst, k.key, version, frame, p) }); n > 0 && version >= k.hint {
				t.Errorf("%s v%d: %v allocations", kmsg.NameForKey(k.key), version, n)
			}
		}
	}
}

func TestAllocWalkingAnswersTakesNoMemory(t *testing.T) {
	w := &Walker{Seen: &nobody{}, Names: &nobody{}}
	for _, k := range rewrittenAnswers {
		r := rand.New(rand.NewPCG(9, 9))
		frame := frameOf(randomAnswer(r, k.key, k.most), true, headTags[1])
		covered := bytes.Clone(frame)
		if n := testing.AllocsPerRun(50, func() {
			pieces(w, k.key, k.most, covered, func() int { return 100 })
			w.Look(k.key, k.most, frame)
		}); n > 0 {
			t.Errorf("%s: %v allocations", kmsg.NameForKey(k.key), n)
		}
	}
}
