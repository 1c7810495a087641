package shared

import (
	"runtime"
	"slices"
	"sync"
	"testing"
)

// puts makes so many exchanges that put a text of size bytes at once, on one
// thread, and returns how far writes had come when each put had returned, in
// order.
func puts(t *testing.T, n, size int) (written []int64) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	r := newRig(t)
	here, there := pair(t)
	l := r.start(here)
	var slots []*Slot
	for range n {
		s, f := l.Reserve()
		if f != nil {
			t.Fatal(f)
		}
		slots = append(slots, s)
	}
	go func() { // answers all when all have come
		for range slots {
			read(t, there)
		}
		for _, s := range slots {
			answer(t, there, uint32(s.Number), "done")
		}
	}()
	var mu sync.Mutex
	var work sync.WaitGroup
	for i, s := range slots {
		work.Go(func() {
			x := exchange()
			x.Begin(message{}, nil, r.now())
			b := frame(s.Number, i, make([]byte, size), 0)
			if f := l.Send(x, s, b[:headLen], b[headLen:]); f != nil {
				t.Error(f)
			}
			l.mu.Lock()
			w := l.out.written()
			l.mu.Unlock()
			mu.Lock()
			written = append(written, w)
			mu.Unlock()
			if f := l.Await(x, s, nil); f != nil {
				t.Error(f)
				return
			}
			l.Free(s)
		})
	}
	work.Wait()
	r.end(l)
	slices.Sort(written)
	return written
}

// distinct is how many different values there are of a list in order.
func distinct(list []int64) (n int) {
	for i, v := range list {
		if i == 0 || v != list[i-1] {
			n++
		}
	}
	return n
}

func TestRequestsThatAreReadyAtOnceShareAWrite(t *testing.T) {
	const n = 32
	// The scheduler may run one of them later. But not each in a write of its own.
	if writes := distinct(puts(t, n, 100)); writes > n/4 {
		t.Errorf("%d requests took %d writes", n, writes)
	}
}

func TestEnoughIsWrittenWithoutWaitingForMore(t *testing.T) {
	const size = 4 << 10
	written := puts(t, 32, size)
	for i, w := range written {
		// What had been put and not written then; some of them may look a little late.
		if waits := int64(i+1)*(size+headLen) - w; waits > 2*enough {
			t.Errorf("after %d puts %d bytes waited", i+1, waits)
		}
	}
}
