package balance

import (
	"fmt"
	"testing"
	"time"
)

func pickers() map[string]picker {
	return map[string]picker{
		"LeastLoaded":   NewLeastLoaded(nil),
		"P2C":           NewP2C(nil),
		"Aperture":      NewAperture(ApertureParams{JitterMin: 120 * time.Second}, nil, 1),
		"ApertureAll":   NewAperture(ApertureParams{MinSize: 1000}, nil, 1),
		"Deterministic": NewDeterministic(DeterministicParams{At: Coordinate{1, 3}}),
	}
}

func BenchmarkPickAndDone(b *testing.B) {
	for _, n := range []int{10, 1000} {
		for name, p := range pickers() {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				_, nodes := fakes(n, 1)
				p.Update(nodes, 1)
				x := exchange()
				now := int64(1)
				b.ReportAllocs()
				for b.Loop() {
					now += 1000
					f := p.Pick(x, now).(*fake)
					f.pending.Add(1)
					f.pending.Add(-1)
					p.Done(f, 1, now+500)
				}
			})
		}
	}
}

func BenchmarkPickAndDoneParallel(b *testing.B) {
	for name, p := range pickers() {
		b.Run(name, func(b *testing.B) {
			_, nodes := fakes(1000, 1)
			p.Update(nodes, 1)
			b.RunParallel(func(pb *testing.PB) {
				x := exchange()
				for pb.Next() {
					p.Done(p.Pick(x, 1), 1, 1)
				}
			})
		})
	}
}
