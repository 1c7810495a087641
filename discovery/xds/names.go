package xds

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"

	"sidecar/discovery"
)

// maxNames is how many names a cluster may have that are resolved here: each
// costs a goroutine, and questions for as long as it is used.
const maxNames = 256

// strict are the endpoints of a STRICT_DNS cluster: each address of each of its
// names is one, and the names are asked for again for as long as they are used.
func strict(c *clusterv3.Cluster) (members, error) {
	m, err := parseLoad(c.GetLoadAssignment())
	if err != nil {
		return members{}, err
	}
	for _, e := range m.set {
		host, _, _ := net.SplitHostPort(e.Address)
		if _, err := netip.ParseAddr(host); err != nil && !slices.Contains(m.names, e.Address) {
			m.names = append(m.names, e.Address)
		}
		if len(m.names) > maxNames {
			return members{}, fmt.Errorf("type STRICT_DNS: more than the limit of %d names", maxNames)
		}
	}
	m.family = familyOf(c.GetDnsLookupFamily())
	return m, nil
}

// familyOf is the family of addresses as dns:// URIs have it. Envoy's AUTO is
// IPv6 first, for which there is no word: here it is IPv4 first, as for other
// names.
func familyOf(f clusterv3.Cluster_DnsLookupFamily) string {
	switch f {
	case clusterv3.Cluster_V4_ONLY:
		return "4"
	case clusterv3.Cluster_V6_ONLY:
		return "6"
	case clusterv3.Cluster_ALL:
		return "all"
	}
	return "auto"
}

// names are those that a source has resolved at present.
type names struct {
	resolve func(address, family string) (discovery.Source, error)
	wake    chan struct{} // an answer has come
	working sync.WaitGroup

	mu      sync.Mutex
	all     map[string]*name // by address and family
	changes uint64           // answers that were other than the last of their name
}

// name is one of them.
type name struct {
	source discovery.Source // nil if it could not be made
	stop   context.CancelFunc
	good   *discovery.Update // the last good answer, nil before the first
	err    error             // that came after it
}

// errAddresses is told of a cluster in which many endpoints have one name, with
// many addresses: they multiply.
var errAddresses = fmt.Errorf("xds: the names of the cluster have more than the limit of %d addresses; what was known before stays", maxEndpoints)

func newNames(resolve func(address, family string) (discovery.Source, error)) *names {
	return &names{resolve: resolve, wake: make(chan struct{}, 1), all: map[string]*name{}}
}

func (n *names) key(address, family string) string { return address + " " + family }

// follow resolves the names of v from now on, and no others.
func (n *names) follow(ctx context.Context, v verdict) {
	n.mu.Lock()
	defer n.mu.Unlock()
	wanted := map[string]bool{}
	for _, address := range v.names {
		key := n.key(address, v.family)
		if wanted[key] = true; n.all[key] == nil {
			n.all[key] = n.start(ctx, address, v.family)
		}
	}
	maps.DeleteFunc(n.all, func(key string, one *name) bool {
		if !wanted[key] {
			one.stop()
		}
		return !wanted[key]
	})
}

// start begins to resolve a name; with the lock held.
func (n *names) start(ctx context.Context, address, family string) *name {
	ctx, cancel := context.WithCancel(ctx)
	one := &name{stop: cancel}
	if n.resolve == nil {
		one.err = errors.New("xds: type STRICT_DNS: names are not resolved here")
		return one
	}
	if one.source, one.err = n.resolve(address, family); one.err != nil {
		return one
	}
	n.working.Go(func() {
		_ = one.source.Run(ctx, func(u discovery.Update) { n.answer(one, u) }) // ctx.Err()
	})
	return one
}

func (n *names) answer(one *name, u discovery.Update) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if one.err = u.Err; u.Err == nil {
		if one.good == nil || !slices.EqualFunc(one.good.Endpoints, u.Endpoints, func(a, b discovery.Endpoint) bool { return a.Address == b.Address }) {
			n.changes++
		}
		one.good = &u
	}
	kick(n.wake)
}

// resolved is v with addresses for its names. Until all are known there is no
// set: a part of one must not pass for the whole.
func (n *names) resolved(v verdict) verdict {
	if len(v.names) == 0 {
		return v
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	out := verdict{changes: v.changes + n.changes, trouble: v.trouble, drops: v.drops, retired: v.retired}
	var empty []string
	for _, address := range v.names {
		one := n.all[n.key(address, v.family)]
		if out.trouble == nil {
			out.trouble = one.err
		}
		if one.good == nil {
			out.changes = 0
		} else if one.good.Empty != "" {
			empty = append(empty, one.good.Empty)
		}
	}
	if out.changes == 0 {
		return out
	}
	for _, e := range v.set {
		if !slices.Contains(v.names, e.Address) {
			out.set = append(out.set, e)
			continue
		}
		addresses := n.all[n.key(e.Address, v.family)].good.Endpoints
		if len(out.set)+len(addresses) > maxEndpoints {
			return verdict{trouble: errAddresses}
		}
		for _, found := range addresses {
			own := e
			if own.Address = found.Address; own.TLSName == "" {
				own.TLSName = found.TLSName
			}
			out.set = append(out.set, own)
		}
	}
	if len(out.set) == 0 {
		out.empty = strings.Join(empty, "; ")
	}
	return out
}

// refresh has those asked for again soon that can be.
func (n *names) refresh() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, one := range n.all {
		if r, ok := one.source.(interface{ Refresh() }); ok {
			r.Refresh()
		}
	}
}

// end ends all of them and waits.
func (n *names) end() {
	n.mu.Lock()
	for _, one := range n.all {
		one.stop()
	}
	clear(n.all)
	n.mu.Unlock()
	n.working.Wait()
}
