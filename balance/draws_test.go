package balance

import (
	"slices"
	"testing"
)

// A simulation must do the same in each run, so nothing that a picker draws may
// come from elsewhere than the numbers it was given.
func TestPicksRepeatWithTheirNumbersGiven(t *testing.T) {
	for name, fresh := range map[string]func() picker{
		"p2c": func() picker { return NewP2C(fixed(7)) },
		"aperture": func() picker {
			return NewAperture(ApertureParams{MinSize: 3, Draws: fixed(7)}, fixed(8), 1)
		},
		"least loaded": func() picker { return NewLeastLoaded(fixed(7)) },
	} {
		t.Run(name, func(t *testing.T) {
			if a, b := hundred(t, fresh()), hundred(t, fresh()); !slices.Equal(a, b) {
				t.Errorf("two runs picked differently:\n%v\n%v", a, b)
			}
		})
	}
}

// hundred are the IDs of a hundred picks among nodes of which one is closed.
func hundred(t *testing.T, p picker) (ids []uint64) {
	fs, nodes := weighted(1, 2, 1, 3, 1, 1, 5, 1)
	p.Update(nodes, 1)
	fs[6].status.Store(2)
	for i := range 100 {
		f := begin(t, p, exchange(fs[i%8].id, fs[i%3].id), int64(i)*millisecond)
		ids = append(ids, f.id)
		if i%4 == 3 {
			end(p, f, 1, int64(i)*millisecond)
		}
	}
	return ids
}
