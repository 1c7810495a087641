package e2e

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"sidecar/internal/zoo"
)

// serversetFault is something that happens, and how it ends.
type serversetFault struct {
	name string
	run  func(s *serversets)
}

// Whatever happens to ZooKeeper or to the way there, nobody who sends requests
// sees any of it, and the sidecar has the right endpoints soon after it is over.
// In most of them a member dies, and another comes, while it cannot be told.
func TestServersetFaultsConformance(t *testing.T) {
	t.Parallel()
	rounds, hold := 1, "3s"
	if conformance() {
		rounds, hold = 3, "60s"
	}
	s := newServersets(t, hold)
	for round := range rounds {
		for _, f := range []serversetFault{
			{"a thousand members come and go", (*serversets).thousand},
			{"the server that it is connected to falls silent", (*serversets).oneSilent},
			{"the session is ended by another", (*serversets).sessionEnded},
			{"a partition that is noticed", (*serversets).cut},
			{"a silent partition in which the session expires", (*serversets).silence},
			{"the leader is killed", (*serversets).leaderKilled},
			{"all servers are killed and started again", (*serversets).allKilled},
		} {
			name := f.name
			if rounds > 1 {
				name = fmt.Sprintf("%s, %d", f.name, round+1)
			}
			t.Run(name, func(t *testing.T) { s.under(t, f) })
		}
	}
}

func (s *serversets) oneSilent() {
	p := s.through()
	p.Stall(true)
	s.swap()
	s.right("after the last change, with another server")
	p.Cut()
	p.Stall(false)
}

func (s *serversets) sessionEnded() {
	before := s.link().Session
	s.through().EndSession(s.t)
	s.swap()
	s.right("after the session's end and a change")
	if now := s.link().Session; now == before {
		s.t.Errorf("the session is still %s", now)
	}
}

func (s *serversets) cut() {
	s.each(func(p *zoo.Proxy) { p.Refuse(true) })
	s.lost()
	s.swap()
	s.load.more(500)
	s.each(func(p *zoo.Proxy) { p.Refuse(false) })
	s.right("after the partition")
}

func (s *serversets) silence() {
	before := s.link().Session
	s.each(func(p *zoo.Proxy) { p.Stall(true) })
	s.lost()
	s.swap()
	await(s.t, "the session's end", func() bool { return !s.e.HasSession(before) })
	s.load.more(500)
	s.each(func(p *zoo.Proxy) {
		p.Cut()
		p.Stall(false)
	})
	s.right("after the partition")
	if now := s.link().Session; now == before {
		s.t.Errorf("the session is still %s", now)
	}
}

func (s *serversets) leaderKilled() {
	leader := s.e.Leader()
	s.e.Kill(leader)
	began := time.Now()
	s.swap()
	s.t.Logf("another leader took the change %v after the kill", time.Since(began).Round(time.Millisecond))
	s.right("after that")
	s.e.Up(leader)
	s.swap()
	s.right("after a change with the old one back")
}

func (s *serversets) allKilled() {
	for i := range s.proxies {
		s.e.Kill(i)
	}
	s.lost()
	s.load.more(500)
	for i := range s.proxies {
		s.e.Up(i)
	}
	s.e.Leader()
	s.swap()
	s.right("after a change with all servers back")
}

// thousand adds a thousand members by four hands and takes them away again,
// which most of a set at once are held for.
func (s *serversets) thousand() {
	const hands, members = 4, 1000
	b := newEverywhere(s.t)
	nodes := make([]string, members)
	hand := func(f func(i int)) time.Duration {
		began := time.Now()
		var wg sync.WaitGroup
		for h := range hands {
			wg.Go(func() {
				for i := h; i < members; i += hands {
					f(i)
				}
			})
		}
		wg.Wait()
		return time.Since(began).Round(time.Millisecond)
	}
	took := hand(func(i int) { nodes[i] = s.crew.Add(b.address(i)) })
	began := time.Now()
	all := members + len(s.backends)
	await(s.t, "a thousand more endpoints", func() bool { raw, given := s.announced(); return raw == all && given == all })
	s.t.Logf("added in %v, right %v later", took, time.Since(began).Round(time.Millisecond))
	await(s.t, "requests to 900 of them", func() bool { return b.reached() >= 900 })

	took = hand(func(i int) { s.crew.Remove(nodes[i]) })
	began = time.Now()
	await(s.t, "the loss to be known", func() bool { raw, _ := s.announced(); return raw == len(s.backends) })
	_, given := s.announced()
	s.t.Logf("removed in %v, known %v later; %d are held, %d addresses had requests",
		took, time.Since(began).Round(time.Millisecond), given-len(s.backends), b.reached())
	if given <= len(s.backends) {
		s.t.Error("a thousand members that went at once are not held")
	}
	awaitFor(s.t, 3*patience, "the hold's end", func() bool { _, given := s.announced(); return given == len(s.backends) })
	s.t.Logf("let go %v after the last removal", time.Since(began).Round(time.Millisecond))
	s.right("after that")
}
