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

// ranks are the places of this process among the endpoints of its own service.
type ranks struct {
	all balance.Coordinate
	// zone is the place among those of its own zone; not Known if the list does
	// not tell that.
	zone balance.Coordinate
}

// rank finds the places: the number of those before its own in the order of
// their addresses, which is the same for all peers. Its own is self or, if that
// is "", the only one on a host that local names. Without exactly one there is
// no place, and the error says what to do.
func rank(peers []discovery.Known, self string, local []string) (ranks, error) {
	own, err := ownOf(peers, self, local)
	if err != nil {
		return ranks{}, err
	}
	r := ranks{all: placeOf(peers, own, func(discovery.Known) bool { return true })}
	if own.Zone != "" {
		r.zone = placeOf(peers, own, func(p discovery.Known) bool { return p.Zone == own.Zone })
	}
	return r, nil
}

// placeOf is the place of own among those peers.
func placeOf(peers []discovery.Known, own discovery.Known, those func(discovery.Known) bool) (at balance.Coordinate) {
	for _, p := range peers {
		if !those(p) {
			continue
		}
		at.Total++
		if p.Address < own.Address {
			at.Index++
		}
	}
	return at
}

// ownOf is the one of the peers that is this process.
func ownOf(peers []discovery.Known, self string, local []string) (discovery.Known, error) {
	var own []discovery.Known
	for _, p := range peers {
		if p.Address == self || self == "" && here(p.Address, local) {
			own = append(own, p)
		}
	}
	var none discovery.Known
	switch {
	case len(peers) == 0:
		return none, errors.New("no peers are announced")
	case len(peers) > balance.MaxPeers:
		return none, fmt.Errorf("%d peers are announced, more than %d", len(peers), balance.MaxPeers)
	case len(own) == 0 && self != "":
		return none, fmt.Errorf("%s is not among the %d peers that are announced: correct self, or announce it", self, len(peers))
	case len(own) == 0:
		return none, fmt.Errorf("none of the %d peers that are announced has an address of this machine: set self to the one that is", len(peers))
	case len(own) > 1:
		return none, fmt.Errorf("%d of the peers that are announced have addresses of this machine (%s, %s): set self to the one that is", len(own), own[0].Address, own[1].Address)
	}
	return own[0], nil
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
