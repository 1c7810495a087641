//go:build !race

package kafka

import (
	"testing"
	"testing/synctest"
)

func TestMeetingAKnownNodeAllocatesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, r := begun(t)
		host := []byte("b1")
		if n := testing.AllocsPerRun(100, func() { r.Meet(1, host, 9092) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}
