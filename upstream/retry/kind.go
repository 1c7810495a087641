package retry

import (
	"fmt"
	"strings"

	"sidecar"
)

// Kind is what a failure is to retry. Each can be switched on by itself.
type Kind uint8

const (
	// None is not tried again, whatever is switched on.
	None Kind = iota
	// Connect: nothing was sent, which is proved.
	Connect
	// Rejected: the peer says that it did not execute the request.
	Rejected
	// Reset: the connection ended before the reply was committed. The peer
	// may have executed the request.
	Reset
	// Timeout: the try's time is over. The same holds.
	Timeout
	// Status: the peer answered that it, or what is behind it, was not there.
	Status
	kinds
)

// kindNames are those of the configuration.
var kindNames = [kinds]string{"none", "connect", "rejected", "reset", "timeout", "5xx"}

func (k Kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return "unknown"
}

// Kinds is a set of them.
type Kinds uint8

// ParseKinds makes a set of configured names.
func ParseKinds(names []string) (Kinds, error) {
	var set Kinds
	for _, name := range names {
		k := kindOf(name)
		if k == None {
			return 0, fmt.Errorf("retry: %q is none of %s", name, strings.Join(kindNames[1:], ", "))
		}
		set |= 1 << k
	}
	return set, nil
}

func kindOf(name string) Kind {
	for k := Connect; k < kinds; k++ {
		if kindNames[k] == name {
			return k
		}
	}
	return None
}

// Has tells whether k is in the set.
func (s Kinds) Has(k Kind) bool { return k != None && s&(1<<k) != 0 }

// idempotent tells whether the kind leaves open that the request was executed.
func (k Kind) idempotent() bool { return k == Reset || k == Timeout || k == Status }

// KindOf concludes from the facts of f what it is to retry.
func KindOf(f *sidecar.Fault) Kind {
	switch {
	case f.Has(sidecar.FromClient):
		return None
	case f.Has(sidecar.Unsent):
		if elsewhere(f.Reason) {
			return Connect
		}
		return None
	case f.Has(sidecar.Rejected):
		return Rejected
	case f.Has(sidecar.FromPeer):
		if f.Class == sidecar.Unavailable || f.Class == sidecar.Shed {
			return Status
		}
		return None
	}
	switch f.Reason {
	case sidecar.PeerClosed, sidecar.PeerReset:
		return Reset
	case sidecar.AttemptTimedOut:
		return Timeout
	}
	return None
}

// elsewhere tells whether another endpoint may do better at a request that was
// not sent; one that is too large, say, is so everywhere.
func elsewhere(r sidecar.Reason) bool {
	switch r {
	case sidecar.ConnectRefused, sidecar.ConnectTimeout, sidecar.ConnectFailed, sidecar.PoolExhausted,
		sidecar.PeerClosed, sidecar.PeerReset, sidecar.AttemptTimedOut, sidecar.NoEndpoints, sidecar.BadReply:
		return true
	}
	return false
}
