package upstream

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"sidecar/balance"
	"sidecar/discovery"
)

// rank is the place of this process among the endpoints of its own service: the
// number of those before its own in the order of their addresses, which is the
// same for all peers. Its own is self or, if that is "", the only one on a host
// that local names. Without exactly one there is no place, and the error says
// what to do.
func rank(peers []discovery.Known, self string, local []string) (balance.Coordinate, error) {
	addresses := make([]string, len(peers))
	var own []string
	for i, p := range peers {
		addresses[i] = p.Address
		if p.Address == self || self == "" && here(p.Address, local) {
			own = append(own, p.Address)
		}
	}
	switch {
	case len(peers) == 0:
		return balance.Coordinate{}, errors.New("no peers are announced")
	case len(peers) > balance.MaxPeers:
		return balance.Coordinate{}, fmt.Errorf("%d peers are announced, more than %d", len(peers), balance.MaxPeers)
	case len(own) == 0 && self != "":
		return balance.Coordinate{}, fmt.Errorf("%s is not among the %d peers that are announced: correct self, or announce it", self, len(peers))
	case len(own) == 0:
		return balance.Coordinate{}, fmt.Errorf("none of the %d peers that are announced has an address of this machine: set self to the one that is", len(peers))
	case len(own) > 1:
		return balance.Coordinate{}, fmt.Errorf("%d of the peers that are announced have addresses of this machine (%s, %s): set self to the one that is", len(own), own[0], own[1])
	}
	slices.Sort(addresses)
	at, _ := slices.BinarySearch(addresses, own[0])
	return balance.Coordinate{Index: at, Total: len(addresses)}, nil
}

// here tells whether address is on one of the hosts, which are addresses or
// names; the first part of a longer name will do.
func here(address string, hosts []string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(hosts, func(h string) bool {
		h = strings.ToLower(h)
		return h != "" && (host == h || net.ParseIP(host) == nil && strings.HasPrefix(host, h+"."))
	})
}
