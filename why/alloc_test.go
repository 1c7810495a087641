//go:build !race

package why

import (
	"testing"

	"sidecar"
)

func TestAddAllocatesNothing(t *testing.T) {
	p := params()
	p.Size, p.Operation = 4, nil
	r := New(p)
	x := &sidecar.Exchange{}
	var m sidecar.Message = views{[]byte("GET /a?b")}
	fault := &sidecar.Fault{Reason: sidecar.PeerReset}
	for _, c := range []struct {
		name string
		err  error
	}{{"not worth telling", nil}, {"failed", fault}} {
		t.Run(c.name, func(t *testing.T) {
			add := func() {
				x.Begin(m, nil, second)
				x.Try("a:1", 1, second)
				r.Add(x, c.err, second)
			}
			for range 2 * p.Size { // each slot has its memory after its first use
				add()
			}
			if n := testing.AllocsPerRun(1000, add); n != 0 {
				t.Errorf("%v allocations an exchange", n)
			}
		})
	}
}
