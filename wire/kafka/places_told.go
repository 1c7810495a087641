package kafka

import "sync"

// mostTold is how many nodes without a place are told of one by one. A cluster
// has one mistake for all of them.
const mostTold = 32

// oncePerNode says of which nodes something has not been told yet.
type oncePerNode struct {
	mu   sync.Mutex
	told map[int32]struct{} // guarded by mu
}

// first tells whether node has not been asked for before, and is to be told of.
func (o *oncePerNode) first(node int32) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, before := o.told[node]; before || len(o.told) >= mostTold {
		return false
	}
	if o.told == nil {
		o.told = map[int32]struct{}{}
	}
	o.told[node] = struct{}{}
	return true
}
