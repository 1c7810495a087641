package kafka

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"

	"sidecar/sock"
)

// Network is a part of 127.0.0.0/8 in which the address says the node: N is at
// 127.second.(N>>8).(N&255). Nothing is kept to know that, so it is true of a
// sidecar that was restarted with nothing, too.
type Network struct{ second byte }

// LoopbackNodes is how many nodes have an address in a Network: ids from 0.
const LoopbackNodes = 1 << 16

// ParseNetwork reads the first two parts of its addresses, "127.92".
func ParseNetwork(text string) (Network, error) {
	first, rest, _ := strings.Cut(text, ".")
	n, err := strconv.ParseUint(rest, 10, 8)
	if first != "127" || err != nil || n == 0 || n == 255 {
		// 127.0 has the address of everything else, 127.255 that of broadcasts.
		return Network{}, fmt.Errorf("network %q: expected \"127.\" and a number from 1 to 254, such as \"127.92\"", text)
	}
	return Network{byte(n)}, nil
}

// Has tells whether ip is an address of the network.
func (n Network) Has(ip netip.Addr) bool {
	if ip = ip.Unmap(); !ip.Is4() {
		return false
	}
	b := ip.As4()
	return b[0] == 127 && b[1] == n.second
}

// Node is the node at ip, false if that is outside.
func (n Network) Node(ip netip.Addr) (int32, bool) {
	if !n.Has(ip) {
		return 0, false
	}
	b := ip.Unmap().As4()
	return int32(b[2])<<8 | int32(b[3]), true
}

// Address is where node is, false if the network is too small for it.
func (n Network) Address(node int32) (netip.Addr, bool) {
	if node < 0 || node >= LoopbackNodes {
		return netip.Addr{}, false
	}
	return netip.AddrFrom4([4]byte{127, n.second, byte(node >> 8), byte(node)}), true
}

func (n Network) String() string { return "127." + strconv.Itoa(int(n.second)) }

// LearnFunc takes up that the cluster has node at host and port, see Places.Learn.
type LearnFunc = func(node int32, host []byte, port int32)

// LoopbackParams are what Loopback is made of.
type LoopbackParams struct {
	// At is the address that clients bootstrap at, with the port that is bound.
	At      netip.AddrPort
	Network Network
	Learn   LearnFunc
	// NoPlace is called once for each node whose id is too large, if it is not nil:
	// no client will find it.
	NoPlace func(node int32)
}

// Loopback are the Places of a listener that is bound to every address of the
// loopback device: a node's address is made of its id, and nothing has to be
// bound, or kept, when one appears.
type Loopback struct {
	p LoopbackParams
	// hosts are the addresses as text, by the high byte of the id and then by its
	// low one, made when they are first asked for: answers are rewritten without
	// taking memory.
	hosts [256]atomic.Pointer[hostPage]
	told  oncePerNode
}

type hostPage [256]atomic.Pointer[string]

// NewLoopback makes the places of one listener.
func NewLoopback(p LoopbackParams) (*Loopback, error) {
	switch at := p.At.Addr(); {
	case !at.Is4() || !at.IsLoopback():
		return nil, fmt.Errorf("%s is no IPv4 address of the loopback device", p.At)
	case p.Network == Network{}:
		return nil, errors.New("no network")
	case p.Network.Has(at):
		node, _ := p.Network.Node(at)
		return nil, fmt.Errorf("%s is where clients find node %d: set an address outside of %s, such as 127.0.0.1", p.At, node, p.Network)
	}
	return &Loopback{p: p}, nil
}

// Learn is Places'.
func (l *Loopback) Learn(node int32, host []byte, port int32) { l.p.Learn(node, host, port) }

// Place is Places'.
func (l *Loopback) Place(node int32) (host string, port int32, ok bool) {
	a, ok := l.p.Network.Address(node)
	if !ok {
		if node >= 0 && l.told.first(node) && l.p.NoPlace != nil {
			l.p.NoPlace(node)
		}
		return "", 0, false
	}
	return l.host(node, a), int32(l.p.At.Port()), true
}

// host is the text of a, which is node's.
func (l *Loopback) host(node int32, a netip.Addr) string {
	page := l.hosts[node>>8].Load()
	if page == nil {
		l.hosts[node>>8].CompareAndSwap(nil, new(hostPage))
		page = l.hosts[node>>8].Load()
	}
	if text := page[node&255].Load(); text != nil {
		return *text
	}
	text := a.String()
	page[node&255].Store(&text)
	return text
}

// NodeAt is Params.NodeAt: by the address that the client has dialled.
func (l *Loopback) NodeAt(c *sock.Conn) (node int32, ok bool) {
	at := localAddr(c)
	if at.Addr() == l.p.At.Addr() {
		return -1, true
	}
	// The socket is bound to all of the loopback's addresses; a client at another
	// one has been given that by nobody.
	return l.p.Network.Node(at.Addr())
}

// localAddr is the local end of c, without a zone and as IPv4 where it is that.
func localAddr(c *sock.Conn) netip.AddrPort {
	a, ok := c.NetConn().LocalAddr().(interface{ AddrPort() netip.AddrPort })
	if !ok {
		return netip.AddrPort{}
	}
	at := a.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap().WithZone(""), at.Port())
}
