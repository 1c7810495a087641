//go:build !race

package thrift

import "testing"

// allocatesNothing fails the test if do allocates.
func allocatesNothing(t *testing.T, do func()) {
	t.Helper()
	if n := testing.AllocsPerRun(100, do); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAllocNothingReadingAndWalking(t *testing.T) {
	for i, sample := range samples {
		for _, p := range protocols {
			t.Run(sample.name+" "+p.testName(), func(t *testing.T) {
				b := message(t, i, p)
				head := make([]byte, 0, 64)
				allocatesNothing(t, func() {
					h, problem := ParseHead(p, b)
					if problem != nil {
						t.Fatal(problem)
					}
					if _, problem := WalkStruct(p, b[h.Body:]); problem != nil {
						t.Fatal(problem)
					}
					AppendHead(head, p, h.Type, h.Seq, b[h.Name:h.NameEnd])
				})
			})
		}
	}
}
