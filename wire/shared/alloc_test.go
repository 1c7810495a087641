//go:build !race

package shared

import (
	"runtime"
	"testing"

	"sidecar"
)

// An exchange over a shared connection allocates nothing.
func TestAllocNothingPerExchange(t *testing.T) {
	for _, size := range []int{0, 100, 20_000} {
		r := newRig(t)
		here, there := pair(t)
		l := r.start(here)
		go func() {
			buf := make([]byte, 64<<10)
			n := 0
			for {
				k, err := there.Read(buf[n:])
				if err != nil {
					return
				}
				if n += k; n < headLen+size {
					continue
				}
				// The request is its own answer, but for the length.
				if _, err := there.Write(buf[:n]); err != nil {
					return
				}
				n = 0
			}
		}()
		x := exchange()
		text := make([]byte, size)
		farewell := make([]byte, 16)
		b := frame(0, 1, text, 0)
		ask := func() {
			x.Begin(message{}, nil, sidecar.Now())
			s, f := l.Reserve()
			if f != nil {
				t.Fatal(f)
			}
			if f := l.Send(x, s, b[:headLen], b[headLen:]); f != nil {
				t.Fatal(f)
			}
			if f := l.Await(x, s, farewell); f != nil {
				t.Fatal(f)
			}
			if len(s.Buf) != size+4 {
				t.Fatalf("%d bytes", len(s.Buf))
			}
			l.Free(s)
		}
		for range 200 {
			ask()
		}
		const rounds = 5000
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range rounds {
			ask()
		}
		runtime.ReadMemStats(&after)
		if n := after.Mallocs - before.Mallocs; n > rounds/50 {
			t.Errorf("%.2f allocations an exchange of %d bytes", float64(n)/rounds, size)
		}
		r.end(l)
	}
}
