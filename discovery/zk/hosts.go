package zk

import (
	"math/rand/v2"
	"sync"
)

// hosts gives the library the servers in turn, in an order drawn at the start.
// Unlike the library's own it resolves no names: the dialer does, each time, so
// that a server that has moved is found and a name that does not resolve yet
// is no error for ever.
type hosts struct {
	quit    chan struct{}
	mu      sync.Mutex
	servers []string
	next    int
	tried   int // since the last success
}

// Init is called by the library.
func (h *hosts) Init(servers []string) error {
	h.servers = append([]string(nil), servers...)
	rand.Shuffle(len(h.servers), func(i, j int) { h.servers[i], h.servers[j] = h.servers[j], h.servers[i] })
	return nil
}

// Len is called by the library.
func (h *hosts) Len() int { return len(h.servers) }

// Next is called by the library, which looks whether it is to end only when
// all have been tried.
func (h *hosts) Next() (server string, retryStart bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.servers[h.next]
	h.next = (h.next + 1) % len(h.servers)
	retryStart = h.tried >= len(h.servers)
	if retryStart {
		h.tried = 0
	}
	h.tried++
	select {
	case <-h.quit:
		retryStart = true
	default:
	}
	return s, retryStart
}

// Connected is called by the library.
func (h *hosts) Connected() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tried = 0
}
