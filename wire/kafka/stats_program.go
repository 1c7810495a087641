package kafka

import (
	"sync"

	"sidecar/varz"
)

const (
	// maxPrograms is how many programs of clients are counted by name: releases of a
	// dozen libraries. Who counts as others is told by nothing but its own words.
	maxPrograms = 100
	// maxProgram is the length of a name, in bytes, its release included.
	maxProgram = 100
)

// programs counts clients by the program that they say they are.
type programs struct {
	registry *varz.Registry
	listener string
	mu       sync.Mutex
	named    map[string]*varz.Counter // guarded by mu
}

func (p *programs) init(r *varz.Registry, listener string) {
	p.registry, p.listener, p.named = r, listener, map[string]*varz.Counter{}
}

// program counts a connection of a client that says what it is (KIP-511). It is
// called once a connection.
func (s *Stats) program(name, release []byte) {
	p := &s.programs
	text := varz.Other
	if isProgram(name, release) {
		text = string(name) + " " + string(release)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.named[text]
	if c == nil && len(p.named) >= maxPrograms {
		text = varz.Other
		c = p.named[text]
	}
	if c == nil {
		c = p.registry.Counter(varz.KafkaPrograms, varz.Source{Listener: p.listener, Client: text})
		p.named[text] = c
	}
	c.Inc()
}

// isProgram tells whether both are as clients may say them; a release may be unknown.
func isProgram(name, release []byte) bool {
	most := maxProgram - 1 - len(release)
	return isName(name, most) && (len(release) == 0 || isName(release, maxProgram))
}
