//go:build !race

package kafka

import (
	"testing"

	"sidecar/varz"
)

func TestCountingAllocatesNothing(t *testing.T) {
	s := NewStats(new(varz.Registry), "events")
	id, name := []byte("0123456789abcdef"), []byte("orders")
	see := &seer{s, KeyFetch}
	count := func() {
		s.asked(KeyProduce, 13)
		s.produce(-1)
		s.produced(name, false, 100)
		s.produced(id, true, 100)
		s.answered(KeyProduce, 1000)
		s.failed(KeyProduce, 6)
		s.Topic(id, name)
		see.See(Partition{Topic: id, ID: true, Partition: 1, High: 7, Base: 4, Bytes: 10})
		see.See(Partition{Topic: name, Partition: 1, Code: 6})
	}
	count()
	if n := testing.AllocsPerRun(100, count); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
