//go:build !race

package balance

import "testing"

func TestPickAndDoneAllocateNothing(t *testing.T) {
	for name, p := range pickers() {
		for _, dead := range []int{0, 20, 40} {
			fs, nodes := fakes(40, 1)
			p.Update(nodes, 1)
			for _, f := range fs[:dead] {
				f.set(2)
			}
			x := exchange(1, 2, 40)
			now := int64(1)
			if n := testing.AllocsPerRun(1000, func() {
				now += 1000
				n := p.Pick(x, now)
				p.Done(n, 1, now+500)
			}); n != 0 {
				t.Errorf("%s with %d of 40 Closed: %v allocations a pick", name, dead, n)
			}
		}
	}
}
