package announce

import "testing"

func TestAServiceIsJudgedByChecksInARow(t *testing.T) {
	h := health{rise: 2, fall: 3}
	for i, c := range []struct{ ok, changed, well bool }{
		{true, false, false}, {false, false, false}, {true, false, false}, {true, true, true},
		{false, false, true}, {false, false, true}, {true, false, true}, {false, false, true}, {false, false, true}, {false, true, false},
		{false, false, false}, {true, false, false}, {true, true, true},
	} {
		if changed := h.take(c.ok); changed != c.changed || h.well != c.well {
			t.Fatalf("check %d: changed %v, well %v, want %+v", i, changed, h.well, c)
		}
	}
}
