package kafka

import (
	"net"
	"net/netip"
	"slices"
	"testing"

	"sidecar/sock"
)

// addressed is a connection whose local end is at.
type addressed struct {
	net.Conn
	at string
}

func (a addressed) LocalAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(a.at))
}

func dialled(at string) *sock.Conn { return sock.New(addressed{at: at}) }

func network(t *testing.T, text string) Network {
	t.Helper()
	n, err := ParseNetwork(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNodeIsItsAddress(t *testing.T) {
	n := network(t, "127.92")
	for node, want := range map[int32]string{0: "127.92.0.0", 3: "127.92.0.3", 255: "127.92.0.255", 256: "127.92.1.0", 1001: "127.92.3.233", 65535: "127.92.255.255"} {
		a, ok := n.Address(node)
		back, in := n.Node(a)
		if !ok || a.String() != want || !in || back != node {
			t.Errorf("node %d: at %s (%v), back %d (%v); want %s", node, a, ok, back, in, want)
		}
	}
	for _, node := range []int32{-1, 65536, 1<<31 - 1} {
		if a, ok := n.Address(node); ok {
			t.Errorf("node %d: at %s, want nowhere", node, a)
		}
	}
	for _, ip := range []string{"127.91.0.3", "127.0.0.1", "10.92.0.3", "::1", "fe80::1"} {
		if node, ok := n.Node(netip.MustParseAddr(ip)); ok {
			t.Errorf("%s is node %d, want none", ip, node)
		}
	}
}

func TestNetworkThatCannotBeIsRefused(t *testing.T) {
	for _, text := range []string{"", "127", "127.0", "127.255", "127.256", "128.1", "127.1.2", "127.-1", "10.0", "127.92."} {
		if n, err := ParseNetwork(text); err == nil {
			t.Errorf("%q: got %s", text, n)
		}
	}
	if got := network(t, "127.92").String(); got != "127.92" {
		t.Errorf("got %q", got)
	}
}

func TestClientsFindNodesByTheirIds(t *testing.T) {
	var learnt []int32
	l, err := NewLoopback(LoopbackParams{
		At: netip.MustParseAddrPort("127.0.0.1:9092"), Network: network(t, "127.92"),
		Learn: func(node int32, _ []byte, _ int32) { learnt = append(learnt, node) },
	})
	if err != nil {
		t.Fatal(err)
	}
	l.Learn(7, []byte("b7"), 9092)
	if !slices.Equal(learnt, []int32{7}) {
		t.Errorf("learnt %v", learnt)
	}
	for range 2 { // made, then kept
		if host, port, ok := l.Place(300); host != "127.92.1.44" || port != 9092 || !ok {
			t.Errorf("got %s:%d, %v", host, port, ok)
		}
	}
	for at, want := range map[string]int32{"127.0.0.1:9092": -1, "127.92.0.7:9092": 7, "[::ffff:127.92.0.7]:9092": 7, "[::ffff:127.0.0.1]:9092": -1} {
		if node, ok := l.NodeAt(dialled(at)); !ok || node != want {
			t.Errorf("%s: node %d, %v; want %d", at, node, ok, want)
		}
	}
	for _, at := range []string{"127.0.0.2:9092", "10.0.0.1:9092", "[::1]:9092"} {
		if node, ok := l.NodeAt(dialled(at)); ok {
			t.Errorf("%s: node %d, want none", at, node)
		}
	}
}

func TestNodeWithoutAnAddressIsToldOnce(t *testing.T) {
	var told []int32
	l, err := NewLoopback(LoopbackParams{At: netip.MustParseAddrPort("127.0.0.1:9092"), Network: network(t, "127.92"), NoPlace: func(node int32) { told = append(told, node) }})
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range []int32{65536, 70000, 65536, -1} {
		if host, port, ok := l.Place(node); ok {
			t.Errorf("node %d: at %s:%d", node, host, port)
		}
	}
	if !slices.Equal(told, []int32{65536, 70000}) {
		t.Errorf("told of %v", told)
	}
	for node := range int32(100) {
		l.Place(100000 + node)
	}
	if len(told) > mostTold {
		t.Errorf("told of %d", len(told))
	}
}

func TestAddressOfNodesIsNoneToBootstrapAt(t *testing.T) {
	for _, at := range []string{"127.92.0.3:9092", "10.0.0.1:9092", "0.0.0.0:9092", "[::1]:9092"} {
		if _, err := NewLoopback(LoopbackParams{At: netip.MustParseAddrPort(at), Network: network(t, "127.92")}); err == nil {
			t.Errorf("%s is taken", at)
		}
	}
}

func FuzzParseNetwork(f *testing.F) {
	f.Add("127.92")
	f.Add("127.0")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := ParseNetwork(text)
		if err != nil {
			return
		}
		again, err := ParseNetwork(n.String())
		if err != nil || again != n {
			t.Errorf("%q: %s is %v, %v", text, n, again, err)
		}
	})
}
