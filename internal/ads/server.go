// Package ads runs a real control plane, the snapshot server of
// go-control-plane, for tests: one that can be stopped and started again at its
// address, and that keeps what its clients refuse. It is for tests only.
package ads

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
)

// patience bounds what a test waits for, and is no part of what it shows.
const patience = 60 * time.Second

// Params are what a Server is made of.
type Params struct {
	Node    string              // whose resources are set; "" = "test"
	Beat    time.Duration       // between the heartbeats of resources with a time to live; 0 = none
	Options []grpc.ServerOption // such as TLS, or who is let in
}

// Server is a control plane. Its methods fail the test when they cannot do what
// they say.
type Server struct {
	Address string

	t     testing.TB
	p     Params
	cache cache.SnapshotCache

	mu      sync.Mutex
	stop    func() // nil while it is stopped
	refused []string
	nodes   []*corev3.Node
	streams int
}

// New starts a control plane on a free port of this machine, until the test
// ends.
func New(t testing.TB, p Params) *Server {
	t.Helper()
	if p.Node == "" {
		p.Node = "test"
	}
	pl := &Server{t: t, p: p}
	pl.Restart()
	t.Cleanup(pl.Stop)
	return pl
}

// Stop ends it; every stream is cut.
func (p *Server) Stop() {
	p.mu.Lock()
	stop := p.stop
	p.stop = nil
	p.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// Restart starts it, at the address that it had before, knowing nothing.
func (p *Server) Restart() {
	p.t.Helper()
	p.Stop()
	at := p.Address
	if at == "" {
		at = "127.0.0.1:0"
	}
	ln, err := net.Listen("tcp", at)
	if err != nil {
		p.t.Fatal(err)
	}
	p.Address = ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	if p.cache = cache.NewSnapshotCache(false, cache.IDHash{}, nil); p.p.Beat > 0 {
		p.cache = cache.NewSnapshotCacheWithHeartbeating(ctx, false, cache.IDHash{}, nil, p.p.Beat)
	}
	s := grpc.NewServer(p.p.Options...)
	discoveryv3.RegisterAggregatedDiscoveryServiceServer(s, server.NewServer(ctx, p.cache, p.callbacks()))
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.Serve(ln) })
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stop = func() {
		s.Stop()
		cancel()
		serving.Wait()
	}
}

func (p *Server) callbacks() server.CallbackFuncs {
	return server.CallbackFuncs{
		StreamOpenFunc:      func(context.Context, int64, string) error { p.opened(); return nil },
		DeltaStreamOpenFunc: func(context.Context, int64, string) error { p.opened(); return nil },
		StreamRequestFunc: func(_ int64, r *discoveryv3.DiscoveryRequest) error {
			p.heard(r.GetNode(), r.GetErrorDetail().GetMessage())
			return nil
		},
		StreamDeltaRequestFunc: func(_ int64, r *discoveryv3.DeltaDiscoveryRequest) error {
			p.heard(r.GetNode(), r.GetErrorDetail().GetMessage())
			return nil
		},
	}
}

func (p *Server) opened() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.streams++
}

func (p *Server) heard(n *corev3.Node, refused string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n != nil && n.GetUserAgentName() != "" {
		p.nodes = append(p.nodes, n)
	}
	if refused != "" {
		p.refused = append(p.refused, refused)
	}
}

// Streams is how many there were.
func (p *Server) Streams() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.streams
}

// Nodes are what clients said of themselves, once a stream.
func (p *Server) Nodes() []*corev3.Node {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*corev3.Node(nil), p.nodes...)
}

// Refused are the reasons that clients gave for refusing something.
func (p *Server) Refused() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.refused...)
}

// AwaitRefused waits until a client gives a reason that says that.
func (p *Server) AwaitRefused(part string) {
	p.t.Helper()
	Await(p.t, "refusal that says "+part, func() bool {
		return strings.Contains(strings.Join(p.Refused(), "\n"), part)
	})
}

// Set makes these all the resources that there are.
func (p *Server) Set(version string, clusters []*clusterv3.Cluster, loads ...*endpointv3.ClusterLoadAssignment) {
	p.t.Helper()
	p.SetFor(0, version, clusters, loads...)
}

// SetFor is Set, where resources last for ttl unless they are confirmed.
func (p *Server) SetFor(ttl time.Duration, version string, clusters []*clusterv3.Cluster, loads ...*endpointv3.ClusterLoadAssignment) {
	p.t.Helper()
	lasting := func(r types.Resource) types.ResourceWithTTL {
		if ttl == 0 {
			return types.ResourceWithTTL{Resource: r}
		}
		return types.ResourceWithTTL{Resource: r, TTL: &ttl}
	}
	all := map[resource.Type][]types.ResourceWithTTL{}
	for _, c := range clusters {
		all[resource.ClusterType] = append(all[resource.ClusterType], lasting(c))
	}
	for _, l := range loads {
		all[resource.EndpointType] = append(all[resource.EndpointType], lasting(l))
	}
	s, err := cache.NewSnapshotWithTTLs(version, all)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cache.SetSnapshot(context.Background(), p.p.Node, s); err != nil {
		p.t.Fatal(err)
	}
}

// Await waits until it is so.
func Await(t testing.TB, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no %s in %s", what, patience)
		}
	}
}
