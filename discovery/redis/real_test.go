package redis

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"sidecar/discovery"
	"sidecar/internal/rediscluster"
)

// recorder keeps what a source gives out.
type recorder struct {
	mu        sync.Mutex
	endpoints []discovery.Endpoint
	err       error
	unknown   []string // that a topology named before they were given out
}

func (r *recorder) publish(u discovery.Update) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err = u.Err; u.Err == nil {
		r.endpoints = u.Endpoints
	}
}

func (r *recorder) has(address, role string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.endpoints, func(e discovery.Endpoint) bool { return e.Address == address && e.Labels[LabelRole] == role })
}

func (r *recorder) changed(t *Topology) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range t.addresses() {
		if !slices.ContainsFunc(r.endpoints, func(e discovery.Endpoint) bool { return e.Address == a }) {
			r.unknown = append(r.unknown, a)
		}
	}
}

func (r *recorder) fault() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// run runs a source over seeds until the test ends.
func run(t *testing.T, p Params, seeds ...string) (*Source, *recorder) {
	var set []discovery.Endpoint
	for _, a := range seeds {
		set = append(set, discovery.Endpoint{Address: a})
	}
	r := &recorder{}
	p.Seeds = []discovery.Source{discovery.Static("seeds", set)}
	p.Dial = new(net.Dialer).DialContext
	p.Changed = r.changed
	p.Log = slog.New(slog.NewTextHandler(logs{t}, nil))
	s := New(p)
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { _ = s.Run(ctx, r.publish) })
	t.Cleanup(func() {
		cancel()
		done.Wait()
		if len(r.unknown) > 0 {
			t.Errorf("named before they were given out: %v", r.unknown)
		}
	})
	return s, r
}

type logs struct{ t *testing.T }

func (l logs) Write(b []byte) (int, error) {
	l.t.Logf("%s", b)
	return len(b), nil
}

func settings(password, sentinels string) func() Settings {
	return func() Settings {
		return Settings{Servers: Login{Password: password}, Sentinels: Login{Password: sentinels}, Refresh: time.Minute}
	}
}

func (s *Source) ownerOf(slot int) string {
	t := s.Topology()
	if t == nil {
		return ""
	}
	for _, r := range t.Ranges {
		if r.First <= slot && slot <= r.Last {
			return t.Shards[r.Shard].Master
		}
	}
	return ""
}

func TestARealClusterIsFollowed(t *testing.T) {
	c := rediscluster.Start(t, rediscluster.ClusterParams{Replicas: 1, Params: rediscluster.Params{Password: "secret"}})
	s, r := run(t, Params{Settings: settings("secret", "")}, c.Nodes[1].Address)
	// A replica counts as loading until it has got something.
	rediscluster.Await(t, "the topology", func() bool { return len(s.Topology().addresses()) == 6 })
	top := s.Topology()
	if len(top.Shards) != 3 || top.slots() != Slots || len(top.addresses()) != 6 || s.ownerOf(0) != c.Nodes[0].Address {
		t.Fatalf("%+v", top)
	}
	for i, n := range c.Nodes {
		role := roleMaster
		if i >= 3 {
			role = roleReplica
		}
		if !r.has(n.Address, role) {
			t.Errorf("%s is not given out as %s", n.Address, role)
		}
	}

	added := c.Add()
	s.Meet(added.Address)
	if !r.has(added.Address, "") {
		t.Error("a node that a redirect names is not given out at once")
	}
	c.Move(0, added)
	s.Look()
	rediscluster.Await(t, "the slot at its new owner", func() bool { return s.ownerOf(0) == added.Address })

	gone := c.Nodes[2]
	gone.Kill()
	next, _ := c.AwaitFailover(Slots-1, gone)
	began := time.Now()
	rediscluster.Await(t, "the new master", func() bool { s.Look(); return s.ownerOf(Slots-1) == next.Address })
	t.Logf("%v after the first node knew it", time.Since(began))
	if s.Topology().Shards[2].Master != next.Address {
		t.Error("the shard has another number than before")
	}
	rediscluster.Await(t, "the lost one is taken back", func() bool { return !r.has(gone.Address, "") && !r.has(gone.Address, roleMaster) })
}

func TestNamesAndPortsAreThoseThatTheClusterPrefers(t *testing.T) {
	c := rediscluster.Start(t, rediscluster.ClusterParams{})
	for _, n := range c.Nodes {
		n.Must("CONFIG", "SET", "cluster-announce-hostname", "LOCALHOST", "cluster-preferred-endpoint-type", "hostname")
	}
	_, port, _ := net.SplitHostPort(c.Nodes[0].Address)
	s, _ := run(t, Params{Settings: settings("", "")}, c.Nodes[0].Address)
	rediscluster.Await(t, "names", func() bool { s.Look(); return s.ownerOf(0) == "localhost:"+port })
	for _, n := range c.Nodes {
		n.Must("CONFIG", "SET", "cluster-preferred-endpoint-type", "unknown-endpoint")
	}
	rediscluster.Await(t, "the host that was asked", func() bool {
		s.Look()
		top := s.Topology()
		host, _, _ := net.SplitHostPort(top.Shards[1].Master)
		return top.slots() == Slots && (host == "127.0.0.1" || host == "localhost")
	})
}

func TestRealSentinelsAreFollowed(t *testing.T) {
	h := rediscluster.StartSentinel(t, rediscluster.SentinelParams{Params: rediscluster.Params{Password: "secret"}, SentinelPassword: "other"})
	s, r := run(t, Params{Master: rediscluster.MasterName, Settings: settings("secret", "other")}, h.Sentinels[0].Address)
	rediscluster.Await(t, "the topology", func() bool { return s.Topology() != nil && len(s.Topology().Shards[0].Replicas) == 2 })
	first := h.Servers[0]
	if s.Topology().Shards[0].Master != first.Address || !r.has(first.Address, roleMaster) || !r.has(h.Servers[1].Address, roleReplica) {
		t.Fatalf("%+v", s.Topology())
	}
	first.Kill()
	next := h.AwaitFailover(first)
	began := time.Now()
	rediscluster.Await(t, "the new master", func() bool { return s.Topology().Shards[0].Master == next.Address })
	t.Logf("%v after the Sentinel named it", time.Since(began))
	if next.Must("SET", "a", "1") != "OK" {
		t.Error("it takes no writes")
	}
	// The seed goes; the others, of which it told, are enough.
	h.Sentinels[0].Kill()
	first.Up()
	rediscluster.Await(t, "the former master as replica", func() bool { return r.has(first.Address, roleReplica) })
}

func TestAWrongPasswordIsTold(t *testing.T) {
	n := rediscluster.Server(t, rediscluster.Params{Password: "secret", Args: []string{"--cluster-enabled", "yes", "--cluster-port", port(t)}})
	_, r := run(t, Params{Settings: settings("wrong", "")}, n.Address)
	rediscluster.Await(t, "an error", func() bool { return r.fault() != nil })
	if text := r.fault().Error(); !contains(text, n.Address, "WRONGPASS") {
		t.Error(text)
	}
}

func port(t *testing.T) string {
	_, p, _ := net.SplitHostPort(rediscluster.Free(t))
	return p
}
