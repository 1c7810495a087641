package why

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"sidecar"
)

// Each exchange tells one number in all of its places; a reader must never see
// two numbers in one entry, nor an order other than newest first.
func TestReadersSeeWholeEntriesWhileOthersAreAdded(t *testing.T) {
	p := params()
	p.Size = 8
	r := New(p)
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			x := &sidecar.Exchange{}
			for i := range 500 {
				id := fmt.Sprintf("%d-%d", w, i)
				x.Begin(&message{line: id, id: id}, nil, second)
				for range 1 + i%5 {
					x.Try(id, 1, second)
				}
				r.Add(x, &sidecar.Fault{Err: errors.New(id)}, second)
			}
		})
	}
	check := func() {
		for _, e := range r.Entries(Filter{}) {
			if e.Request != e.RequestID || e.Cause != e.RequestID || len(e.Tries) != e.TriesMade {
				t.Errorf("a mixture: %+v", e)
			}
			for _, try := range e.Tries {
				if try.Endpoint != e.RequestID {
					t.Errorf("a try of another: %+v", e)
				}
			}
		}
	}
	for range 200 {
		check()
	}
	writers.Wait()
	check()
	if n := len(r.Entries(Filter{})); n != 8 || r.Told() != 2000 {
		t.Errorf("%d held of %d told", n, r.Told())
	}
}

func BenchmarkAdd(b *testing.B) {
	x := begin(&message{class: sidecar.Success})
	x.Try("a:1", 1, second)
	b.Run("not worth telling", func(b *testing.B) {
		r := New(params())
		for b.Loop() {
			r.Add(x, nil, second+1)
		}
	})
	b.Run("slow", func(b *testing.B) {
		r := New(params())
		for b.Loop() {
			r.Add(x, nil, 3*second)
		}
	})
}
