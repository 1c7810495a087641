package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"sidecar/discovery"
	"sidecar/varz"
)

// cluster answers as its script says: what brokers say, by address.
type cluster struct {
	mu    sync.Mutex
	says  map[string]func(ctx context.Context) (kmsg.Response, error) // absent: refuses connections
	asked []string
}

func (c *cluster) ask(ctx context.Context, address string, q kmsg.Request) (kmsg.Response, error) {
	c.mu.Lock()
	c.asked = append(c.asked, address)
	say := c.says[address]
	c.mu.Unlock()
	if m, ok := q.(*kmsg.MetadataRequest); !ok || m.Topics == nil || len(m.Topics) != 0 {
		return nil, errors.New("a question for topics, too")
	}
	if say == nil {
		return nil, errors.New("connection refused")
	}
	return say(ctx)
}

// set has the brokers at those addresses say the same.
func (c *cluster) set(say func(ctx context.Context) (kmsg.Response, error), addresses ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.says == nil {
		c.says = map[string]func(ctx context.Context) (kmsg.Response, error){}
	}
	for _, a := range addresses {
		c.says[a] = say
	}
}

func (c *cluster) times() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.asked)
}

// metadata tells of nodes by their addresses, the cluster's id before them.
func metadata(id string, nodes map[int32]string) func(context.Context) (kmsg.Response, error) {
	m := kmsg.NewPtrMetadataResponse()
	m.ClusterID = &id
	for node, address := range nodes {
		host, port, _ := net.SplitHostPort(address)
		n, _ := strconv.Atoi(port)
		m.Brokers = append(m.Brokers, kmsg.MetadataResponseBroker{NodeID: node, Host: host, Port: int32(n)})
	}
	return func(context.Context) (kmsg.Response, error) { return m, nil }
}

// silent never answers.
func silent(ctx context.Context) (kmsg.Response, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// rig is a source that runs in a bubble.
type rig struct {
	*Source
	registry *varz.Registry
	mu       sync.Mutex
	last     discovery.Update
	updates  int
	changes  []*Nodes
}

func run(t *testing.T, c *cluster, edit func(*Params), seeds ...string) *rig {
	t.Helper()
	r := &rig{registry: new(varz.Registry)}
	var set []discovery.Endpoint
	for _, s := range seeds {
		set = append(set, discovery.Endpoint{Address: s, Weight: 1})
	}
	p := Params{
		Seeds: []discovery.Source{discovery.Static("seeds", set)}, Ask: c.ask, Refresh: func() time.Duration { return 5 * time.Minute },
		Changed: func(n *Nodes) { r.mu.Lock(); r.changes = append(r.changes, n); r.mu.Unlock() },
		Service: "k", Registry: r.registry, Log: slog.New(slog.DiscardHandler),
	}
	if edit != nil {
		edit(&p)
	}
	r.Source = New(p)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = r.Run(ctx, func(u discovery.Update) { r.mu.Lock(); r.last = u; r.updates++; r.mu.Unlock() })
	}()
	t.Cleanup(func() { cancel(); <-done })
	synctest.Wait()
	return r
}

// out are the endpoints given out last, with the label of their nodes.
func (r *rig) out() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, e := range r.last.Endpoints {
		all = append(all, e.Address+" "+e.Labels[LabelNode])
	}
	slices.Sort(all)
	return all
}

func (r *rig) wants(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	if got := r.out(); !slices.Equal(got, want) {
		t.Errorf("given out: %q, want %q", got, want)
	}
}

func (r *rig) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (r *rig) failing() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return fmt.Sprint(r.last.Err)
}

// told is how often it was told that nodes have changed.
func (r *rig) told() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.changes)
}
