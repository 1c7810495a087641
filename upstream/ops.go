package upstream

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/upstream/limit"
	"sidecar/upstream/retry"
	"sidecar/varz"
)

const (
	// maxSeen is how many operations are counted by names that came from the
	// wire; the rest are "other".
	maxSeen = 200
	// maxOps bounds all operations, those of former settings included.
	maxOps = 10000
	// maxOpName is how long such a name may be, in bytes.
	maxOpName = 128
)

// operation is what is counted of one.
type operation struct {
	name                        string
	requests, succeeded, failed *varz.Counter
	latency, reply              *varz.Histogram
	bulkhead                    limit.Bulkhead
	hedgeAfter                  atomic.Int64 // see Cluster.setDelays; 0 is never
}

// opTable numbers operations. A number stays with its name for the life of the
// cluster, so what was recorded under it can be read after a change of
// settings. Readers take no lock; 0 is "other".
type opTable struct {
	build func(name string) *operation
	names atomic.Pointer[opNames] // immutable

	mu   sync.Mutex
	seen int // names that came from the wire
}

type opNames struct {
	byName map[string]sidecar.Op
	list   []*operation
}

func newOpTable(build func(name string) *operation) *opTable {
	t := &opTable{build: build}
	t.names.Store(&opNames{byName: map[string]sidecar.Op{varz.Other: 0}, list: []*operation{build(varz.Other)}})
	return t
}

// get is the operation of that number.
func (t *opTable) get(op sidecar.Op) *operation {
	list := t.names.Load().list
	if int(op) >= len(list) {
		return list[0]
	}
	return list[op]
}

// find is the number of a name from the wire. Hot; it allocates nothing for a
// name that is known, nor once there are too many.
func (t *opTable) find(name []byte) sidecar.Op {
	n := t.names.Load()
	op, ok := n.byName[string(name)]
	if ok || len(n.list) >= maxOps || len(name) == 0 || len(name) > maxOpName {
		return op
	}
	return t.add(string(name), true)
}

// add numbers a name; 0 if there is no room. Copies what readers see, which
// happens a bounded number of times.
func (t *opTable) add(name string, wire bool) sidecar.Op {
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.names.Load()
	if op, ok := old.byName[name]; ok {
		return op
	}
	if len(old.list) >= maxOps || wire && t.seen >= maxSeen {
		return 0
	}
	if wire {
		t.seen++
	}
	next := &opNames{byName: make(map[string]sidecar.Op, len(old.list)+1), list: slices.Clone(old.list)}
	for k, v := range old.byName {
		next.byName[k] = v
	}
	op := sidecar.Op(len(next.list))
	next.byName[name] = op
	next.list = append(next.list, t.build(name))
	t.names.Store(next)
	return op
}

// rule is a configured operation with its number.
type rule struct {
	Operation
	op sidecar.Op
}

// rules find the configured operation of a request. Immutable.
type rules struct {
	byName  map[string]*rule
	byOp    map[sidecar.Op]*rule
	longest int // of the names
}

func newRules(t *opTable, list []Operation) *rules {
	r := &rules{byName: make(map[string]*rule, len(list)), byOp: make(map[sidecar.Op]*rule, len(list))}
	for _, o := range list {
		one := &rule{Operation: o, op: t.add(o.Name, false)}
		r.byName[o.Name], r.byOp[one.op] = one, one
		r.longest = max(r.longest, len(o.Name))
	}
	return r
}

// retries are the operations with rules of their own about what is tried again.
func (r *rules) retries() map[sidecar.Op]retry.Rules {
	own := map[sidecar.Op]retry.Rules{}
	for op, one := range r.byOp {
		if one.Retry != nil {
			own[op] = *one.Retry
		}
	}
	return own
}

// attemptTimeout is the time of one try of that operation, usual unless it has
// its own. Hot.
func (r *rules) attemptTimeout(op sidecar.Op, usual time.Duration) time.Duration {
	if len(r.byOp) > 0 {
		if one := r.byOp[op]; one != nil && one.AttemptTimeout != nil {
			return *one.AttemptTimeout
		}
	}
	return usual
}

// find is the rule with the longest name that text begins with, where the name
// ends with the text, before a "/" or "?", or in a "/"; nil if there is none.
// It looks up only the places where a name can end, and none beyond the longest
// name, since text comes from the wire. Hot.
func (r *rules) find(text []byte) *rule {
	if r.longest == 0 {
		return nil
	}
	for end := min(len(text), r.longest); end > 0; end-- {
		if end < len(text) && text[end] != '/' && text[end] != '?' && text[end-1] != '/' {
			continue
		}
		if found := r.byName[string(text[:end])]; found != nil {
			return found
		}
	}
	return nil
}

// Operations are the names of all operations seen so far, by their number.
func (c *Cluster) Operations() []string {
	list := c.ops.names.Load().list
	names := make([]string, len(list))
	for i, o := range list {
		names[i] = o.name
	}
	return names
}

// Operation is the name of x's operation, "other" beyond the bound.
func (c *Cluster) Operation(x *sidecar.Exchange) string { return c.ops.get(x.Op).name }
