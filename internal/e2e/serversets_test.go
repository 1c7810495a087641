package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sidecar/internal/zoo"
)

// statedTime is how long after a fault is over docs/discovery.md says that the
// sidecar has the right endpoints. The long runs hold it to that.
const statedTime = 5 * time.Second

// serversets are a sidecar that goes by a path of an ensemble, and all that can
// be done to what it sees of it.
type serversets struct {
	all     *testing.T // of what outlives a fault
	t       *testing.T // of the fault under way
	e       *zoo.Ensemble
	proxies []*zoo.Proxy // one before each server; only the sidecar goes through them
	crew    *zoo.Crew
	p       *proc
	load    *load

	nodes    []string // the members, oldest first
	backends []*backend
}

func newServersets(t *testing.T, hold string) *serversets {
	const path = "/services/web"
	s := &serversets{all: t, t: t, e: zoo.Start(t, 3)}
	var through []string
	for _, a := range s.e.Addresses() {
		p := zoo.NewProxy(t, a)
		s.proxies, through = append(s.proxies, p), append(through, p.Address)
	}
	s.crew = s.e.NewCrew(path)
	for range 4 {
		s.join()
	}
	// Two random choices of all, so that every member has requests.
	s.p = start(t, "", conf{
		discover: "zk://" + strings.Join(through, ",") + path,
		upstream: fmt.Sprintf("hold = %q\n[upstream.web.balance]\npolicy = \"p2c\"\n", hold),
		more:     fmt.Sprintf("[zookeeper.main]\nservers = %q\nsession_timeout = \"2s\"\n", strings.Join(through, ",")),
	})
	s.right("at the start")
	return s
}

// under runs a fault under load, and shows that clients saw nothing of it.
func (s *serversets) under(t *testing.T, f serversetFault) {
	s.t = t
	s.load = (&load{t: t, d: drivers()[0], address: s.p.port, clients: 8, pause: time.Millisecond}).begin()
	s.load.more(100)
	f.run(s)
	s.load.more(100)
	got := s.load.end()
	t.Logf("%d requests, errors: %s", got.sent, got.errors())
	got.clean(t)
}

// join makes a backend a member.
func (s *serversets) join() {
	b := newBackend(s.all)
	s.backends, s.nodes = append(s.backends, b), append(s.nodes, s.crew.Add(b.address()))
}

// swap adds a member and takes the oldest away, which is gone from then on.
func (s *serversets) swap() {
	s.t.Helper()
	s.join()
	node, b := s.nodes[0], s.backends[0]
	s.nodes, s.backends = s.nodes[1:], s.backends[1:]
	s.crew.Remove(node)
	b.Close()
}

// right waits until the sidecar has the members that there are, and no others,
// and knows that it is so.
func (s *serversets) right(when string) {
	s.t.Helper()
	began := time.Now()
	var want []string
	for _, b := range s.backends {
		want = append(want, b.address())
	}
	await(s.t, "the members "+when, func() bool { return s.p.admin.addresses() == joined(want...) && s.connected() != "" })
	took := time.Since(began)
	s.t.Logf("right %v %s", took.Round(time.Millisecond), when)
	if conformance() && took > statedTime {
		s.t.Errorf("right %v %s, later than %v", took, when, statedTime)
	}
}

// link is the sidecar's connection to the ensemble.
type link struct {
	Server, Session string
	Connected       bool
}

func (s *serversets) link() link {
	s.t.Helper()
	var all []link
	s.p.admin.decode("/zookeeper", &all)
	if len(all) != 1 {
		s.t.Fatalf("%d connections to ensembles: %+v", len(all), all)
	}
	return all[0]
}

// connected is the session, "" without a connection.
func (s *serversets) connected() string {
	if l := s.link(); l.Connected {
		return l.Session
	}
	return ""
}

// announced is how many endpoints ZooKeeper names and how many are in use.
func (s *serversets) announced() (raw, given int) {
	s.t.Helper()
	all := s.p.admin.sources("web")
	if len(all) != 1 {
		s.t.Fatalf("%d sources", len(all))
	}
	return all[0].Announced, all[0].Published
}

// through is the proxy that the sidecar is connected through.
func (s *serversets) through() *zoo.Proxy {
	s.t.Helper()
	var found *zoo.Proxy
	await(s.t, "a connection", func() bool {
		l := s.link()
		for _, p := range s.proxies {
			if l.Connected && p.Address == l.Server {
				found = p
			}
		}
		return found != nil
	})
	return found
}

// lost waits until the sidecar tells that it has no connection.
func (s *serversets) lost() {
	s.t.Helper()
	await(s.t, "that the connection is lost", func() bool {
		_, text := s.p.admin.get("/upstreams")
		return strings.Contains(text, "no session with")
	})
}

// each does that to all proxies.
func (s *serversets) each(f func(p *zoo.Proxy)) {
	for _, p := range s.proxies {
		f(p)
	}
}
