package dns

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	mdns "github.com/miekg/dns"
)

// host finds the addresses of a name.
func (r *resolver) host(ctx context.Context, name string, f family) (answer, error) {
	if found := pick(r.hosts.find(name), f); len(found) > 0 {
		return answer{addresses: found, ttl: hostsTTL}, nil
	}
	return r.search(name, func(full string) (answer, error) { return r.addresses(ctx, full, f) })
}

// search asks for each name that name may stand for until one is known. Where
// a server fails on one of them, that there are no others is not known either.
// If it is the one that answered last, others are not asked: a wildcard at the
// end of the search list would answer, for another service.
func (r *resolver) search(name string, ask func(full string) (answer, error)) (answer, error) {
	names, err := r.names(name)
	if err != nil {
		return answer{}, err
	}
	var none answer
	var failed error
	for i, full := range names {
		a, err := ask(full)
		switch {
		case err != nil:
			failed = errors.Join(failed, err)
			if full == r.known {
				return answer{}, failed
			}
		case a.none == "":
			// A full name stands for itself alone: that of a target must not take
			// the place of the service's.
			if len(names) > 1 {
				r.known = full
			}
			return a, nil
		case i == 0 || a.ttl < none.ttl:
			none.ttl = a.ttl
			fallthrough
		default:
			none.none = a.none // of the last: mostly the name as it was given
		}
	}
	return none, failed
}

// addresses asks for the addresses of one full name.
func (r *resolver) addresses(ctx context.Context, full string, f family) (answer, error) {
	switch f {
	case family4:
		return r.ask(ctx, full, mdns.TypeA)
	case family6:
		return r.ask(ctx, full, mdns.TypeAAAA)
	}
	four, err := r.ask(ctx, full, mdns.TypeA)
	if err != nil || f == familyAuto && four.none == "" {
		return four, err
	}
	six, err := r.ask(ctx, full, mdns.TypeAAAA)
	if err != nil {
		return six, err
	}
	switch {
	case four.none == "" && six.none == "":
		return answer{addresses: slices.Concat(four.addresses, six.addresses), ttl: min(four.ttl, six.ttl)}, nil
	case six.none == "":
		return six, nil
	case four.none == "":
		return four, nil
	}
	none := four.none
	if !four.missing {
		none += " and no AAAA record"
	}
	return answer{none: none, missing: four.missing, ttl: min(four.ttl, six.ttl)}, nil
}

// pick are the addresses of that family, by the rules of addresses.
func pick(list []netip.Addr, f family) []netip.Addr {
	four := slices.DeleteFunc(slices.Clone(list), func(a netip.Addr) bool { return !a.Is4() })
	six := slices.DeleteFunc(slices.Clone(list), netip.Addr.Is4)
	switch {
	case f == family4 || f == familyAuto && len(four) > 0:
		return four
	case f == familyAll:
		return list
	}
	return six
}

// services finds the SRV records of a name.
func (r *resolver) services(ctx context.Context, name string) (answer, error) {
	return r.search(name, func(full string) (answer, error) { return r.ask(ctx, full, mdns.TypeSRV) })
}

// lookup is what a Source knows of a resolver.
type lookup interface {
	host(ctx context.Context, name string, f family) (answer, error)
	services(ctx context.Context, name string) (answer, error)
}

// The bounds of when an answer is asked for again. Below the least, one name
// of TTL 0 would be asked for without end; above the most, a change that the
// TTL promised to nobody would stay unseen for days.
const (
	minRefresh = time.Second
	maxRefresh = 5 * time.Minute
	// maxNegative is the same for that there is nothing: a service that comes
	// up shall not wait for its zone's idea of the next day.
	maxNegative = 10 * time.Second
)

// again is when to ask again after an answer of that lifetime.
func again(ttl time.Duration, none bool) time.Duration {
	if none {
		return min(max(ttl, minRefresh), maxNegative)
	}
	return min(max(ttl, minRefresh), maxRefresh)
}
