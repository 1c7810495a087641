//go:build !race

package http

import "testing"

func TestAllocNoDateWithinASecond(t *testing.T) {
	var d Dates
	var out []byte
	out = append(out, d.Text(1)...)
	if n := testing.AllocsPerRun(1000, func() { out = append(out[:0], d.Text(1)...) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
