package discovery

import "sync"

// Shared holds one connection to each registry that somebody uses, for as long
// as anybody does: hundreds of upstreams mostly name the same few. Its zero
// value holds none. It is safe for concurrent use.
type Shared[C interface{ Close() }] struct {
	mu   sync.Mutex
	open map[string]*share[C] // by what the registry is called; guarded by mu
}

// share is a connection and how many use it.
type share[C any] struct {
	conn  C
	users int
}

// Join takes part in the connection to a registry, which open makes for the
// first one. Each Join must be followed by one Leave. open is called with a
// lock held, so it must not wait.
func (s *Shared[C]) Join(registry string, open func() C) C {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.open[registry]
	if one == nil {
		if s.open == nil {
			s.open = map[string]*share[C]{}
		}
		one = &share[C]{conn: open()}
		s.open[registry] = one
	}
	one.users++
	return one.conn
}

// Leave ends a part; the last one closes the connection and waits for that.
// Whoever joins meanwhile gets a new one.
func (s *Shared[C]) Leave(registry string) {
	s.mu.Lock()
	one := s.open[registry]
	one.users--
	last := one.users == 0
	if last {
		delete(s.open, registry)
	}
	s.mu.Unlock()
	if last {
		one.conn.Close()
	}
}

// Each calls do for each connection with the number of its users, in no order.
// do must not wait, and must not call s.
func (s *Shared[C]) Each(do func(conn C, users int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.open {
		do(one.conn, one.users)
	}
}
