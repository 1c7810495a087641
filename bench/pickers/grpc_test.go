package pickers

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"google.golang.org/grpc/balancer"
	"google.golang.org/grpc/balancer/leastrequest"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/resolver"
)

// leastRequest is grpc's picker over n ready connections, as its clients have
// it after all of them are up.
func leastRequest(tb testing.TB, n int) balancer.Picker {
	tb.Helper()
	cc := &clientConn{}
	b := balancer.Get(leastrequest.Name)
	config, err := b.(balancer.ConfigParser).ParseConfig([]byte(`{"choiceCount": 2}`))
	if err != nil {
		tb.Fatal(err)
	}
	built := b.Build(cc, balancer.BuildOptions{})
	tb.Cleanup(built.Close)
	var state resolver.State
	for i := range n {
		a := resolver.Address{Addr: fmt.Sprintf("10.0.%d.%d:80", i/250, i%250)}
		state.Endpoints = append(state.Endpoints, resolver.Endpoint{Addresses: []resolver.Address{a}})
	}
	if err := built.UpdateClientConnState(balancer.ClientConnState{ResolverState: state, BalancerConfig: config}); err != nil {
		tb.Fatal(err)
	}
	cc.settle()
	if cc.state.ConnectivityState != connectivity.Ready || len(cc.conns) != n {
		tb.Fatalf("%v with %d of %d connections", cc.state.ConnectivityState, len(cc.conns), n)
	}
	seen := map[balancer.SubConn]bool{}
	for range 20 * n {
		r, err := cc.state.Picker.Pick(balancer.PickInfo{})
		if err != nil {
			tb.Fatal(err)
		}
		seen[r.SubConn] = true
		r.Done(balancer.DoneInfo{})
	}
	if len(seen) != n {
		tb.Fatalf("%d of %d connections are picked", len(seen), n)
	}
	return cc.state.Picker
}

// clientConn stands in for grpc's channel. Events are kept and told one after
// the other, as grpc does.
type clientConn struct {
	balancer.ClientConn
	mu     sync.Mutex
	events []func()
	conns  []*subConn
	state  balancer.State
}

func (c *clientConn) later(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, f)
}

func (c *clientConn) settle() {
	for {
		c.mu.Lock()
		if len(c.events) == 0 {
			c.mu.Unlock()
			return
		}
		f := c.events[0]
		c.events = c.events[1:]
		c.mu.Unlock()
		f()
	}
}

func (c *clientConn) NewSubConn(_ []resolver.Address, o balancer.NewSubConnOptions) (balancer.SubConn, error) {
	s := &subConn{cc: c, listen: o.StateListener}
	c.conns = append(c.conns, s)
	return s, nil
}
func (c *clientConn) UpdateState(s balancer.State)          { c.state = s }
func (c *clientConn) ResolveNow(resolver.ResolveNowOptions) {}
func (c *clientConn) Target() string                        { return "bench" }

type subConn struct {
	balancer.SubConn
	cc     *clientConn
	listen func(balancer.SubConnState)
	once   sync.Once
}

func (s *subConn) Connect() {
	s.once.Do(func() {
		for _, state := range []connectivity.State{connectivity.Connecting, connectivity.Ready} {
			s.cc.later(func() { s.listen(balancer.SubConnState{ConnectivityState: state}) })
		}
	})
}
func (s *subConn) RegisterHealthListener(f func(balancer.SubConnState)) {
	s.cc.later(func() { f(balancer.SubConnState{ConnectivityState: connectivity.Ready}) })
}
func (s *subConn) Shutdown()                          {}
func (s *subConn) UpdateAddresses([]resolver.Address) {}
func (s *subConn) GetOrBuildProducer(balancer.ProducerBuilder) (balancer.Producer, func()) {
	panic(errors.New("not asked for by least request"))
}
