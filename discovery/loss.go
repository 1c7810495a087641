package discovery

import (
	"slices"
	"time"
)

// lossWindow is how close together endpoints go that count as going at once:
// a registry that loses its sessions drops its members one by one.
const lossWindow = 10 * time.Second

// lost is an endpoint that an answer lacks, with when it first did.
type lost struct {
	Known
	at time.Time
}

// missing are the endpoints that next lacks: those of last, and those that
// were gone before and either are held or went within the window. With next
// they are at most as many as any list may have: who announces others each time
// would else add to them without end.
func missing(gone []lost, last, next []Known, now time.Time, held bool) []lost {
	there := make(map[string]struct{}, len(next))
	for i := range next {
		there[next[i].Address] = struct{}{}
	}
	var out []lost
	for _, g := range gone {
		if _, back := there[g.Address]; !back && len(out)+len(next) < maxEndpoints && (held || now.Sub(g.at) < lossWindow) {
			out = append(out, g)
		}
	}
	for i := range last {
		if _, stays := there[last[i].Address]; !stays && len(out)+len(next) < maxEndpoints {
			out = append(out, lost{last[i], now})
		}
	}
	return out
}

// without are those that were not retired on purpose.
func without(gone []lost, retired []string) []lost {
	if len(gone) == 0 || len(retired) == 0 {
		return gone
	}
	meant := make(map[string]struct{}, len(retired))
	for _, a := range retired {
		meant[a] = struct{}{}
	}
	return slices.DeleteFunc(gone, func(g lost) bool { _, so := meant[g.Address]; return so })
}

// storm tells whether an answer with left endpoints, after so many were lost,
// is rather the registry's loss than the service's: all are gone, or more than
// half of those that there would be. Where as many came as went, as in a
// deployment that replaces them all, it is not.
func storm(left, lost int) bool { return lost > left }
