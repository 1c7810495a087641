package redis

import (
	"maps"
	"slices"
	"time"

	"sidecar/discovery"
)

// give gives out the topology's endpoints and the extra ones; with the lock held.
func (s *Source) give() {
	if s.publish == nil {
		return
	}
	t := s.now.Load()
	set := t.endpoints()
	for _, address := range slices.Sorted(maps.Keys(s.extra)) {
		set = append(set, discovery.Endpoint{Address: address, Weight: 1})
	}
	out := make(map[string]struct{}, len(set))
	for i := range set {
		out[set[i].Address] = struct{}{}
	}
	// What goes has been said to be gone by servers that know, and is no loss of a
	// registry's to be held.
	var retired []string
	for address := range s.out {
		if _, stays := out[address]; !stays {
			retired = append(retired, address)
		}
	}
	s.out = out
	s.publish(discovery.Update{Endpoints: set, Retired: retired})
}

// tell gives out an error.
func (s *Source) tell(u discovery.Update) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.publish != nil {
		s.publish(u)
	}
}

// expire takes endpoints back whose time is over, and says how long it is until
// there is one.
func (s *Source) expire() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, next, gone := time.Now(), time.Hour, false
	for address, until := range s.extra {
		if left := until.Sub(now); left > 0 {
			next = min(next, left)
			continue
		}
		delete(s.extra, address)
		gone = true
	}
	if gone {
		s.give()
	}
	return next
}
