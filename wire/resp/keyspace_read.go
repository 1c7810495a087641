package resp

import (
	"math/rand/v2"
	"slices"

	root "sidecar"
)

// ReadPolicy says where commands go that only read.
type ReadPolicy uint8

// The policies.
const (
	// ReadMaster: to the master, which has what was written last.
	ReadMaster ReadPolicy = iota
	// ReadPreferReplica: to a replica; to the master where no replica is in order.
	ReadPreferReplica
	// ReadReplica: to a replica, and else nowhere.
	ReadReplica
	// ReadAny: to the master or a replica, whichever has less to do.
	ReadAny
)

var readPolicies = []string{"master", "prefer_replica", "replica", "any"}

// ReadPolicyNamed is the policy of a name, false if there is none.
func ReadPolicyNamed(name string) (ReadPolicy, bool) {
	i := slices.Index(readPolicies, name)
	return ReadPolicy(max(i, 0)), i >= 0
}

func (r ReadPolicy) String() string { return readPolicies[r] }

// NoReplica is the endpoint of a read that only a replica may answer where the
// shard has none: no endpoint has such an address.
const NoReplica = "(no replica)"

// Endpoint is where a command for a shard of m goes, "" for any endpoint: the
// master, or what the policy says of commands that only read. Of several servers
// the one with the least to do that is in order. Hot.
func (k *Keyspace) Endpoint(m *Map, shard int, readOnly bool) string {
	s := &m.Shards[shard]
	read := ReadPolicy(k.read.Load())
	if !readOnly || read == ReadMaster || s.Master == "" && len(s.Replicas) == 0 {
		return s.Master
	}
	best := choice{status: root.Closed + 1}
	k.least(&best, s.Replicas)
	switch {
	case read == ReadAny:
		k.consider(&best, s.Master, 1+len(s.Replicas))
	case read == ReadReplica:
		if best.address == "" {
			return NoReplica
		}
	case best.status >= root.Closed:
		// A master that is out of order is no better than its replicas, and then
		// the first of them may be the first that comes back.
		if k.consider(&best, s.Master, 0); best.address == "" {
			return s.Master
		}
	}
	return best.address
}

// choice is the best server so far.
type choice struct {
	address string
	status  root.Status
	pending int64
}

// least chooses among all of list, beginning anywhere so that of equal ones not
// all go to the first.
func (k *Keyspace) least(best *choice, list []string) {
	if len(list) == 0 {
		return
	}
	start := rand.IntN(len(list))
	for i := range list {
		k.consider(best, list[(start+i)%len(list)], 0)
	}
}

// consider chooses address if it is better than the best so far. With of > 0 it
// is one of that many that are equal, and is chosen as often.
func (k *Keyspace) consider(best *choice, address string, of int) {
	pending, status := k.p.Load(address)
	better := status < best.status || status == best.status && pending < best.pending
	if !better && of > 0 && status == best.status && pending == best.pending {
		better = rand.IntN(of) == 0
	}
	if better {
		*best = choice{address, status, pending}
	}
}
