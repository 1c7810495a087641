//go:build !race

package kafka

import (
	"net/netip"
	"testing"
)

func TestPlaceOfAKnownNodeAllocatesNothing(t *testing.T) {
	l, err := NewLoopback(LoopbackParams{At: netip.MustParseAddrPort("127.0.0.1:9092"), Network: network(t, "127.92")})
	if err != nil {
		t.Fatal(err)
	}
	l.Place(3)
	if n := testing.AllocsPerRun(100, func() { l.Place(3) }); n != 0 {
		t.Errorf("loopback: %v allocations", n)
	}
	ports := portsOf(&binds{}, nil)
	ports.Place(3)
	if n := testing.AllocsPerRun(100, func() { ports.Place(3) }); n != 0 {
		t.Errorf("ports: %v allocations", n)
	}
}
