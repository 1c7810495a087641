package kafka

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"sidecar/discovery"
	"sidecar/internal/brokers"
)

// askPlain asks as an AskFunc does, of brokers without a login that know the
// request's newest version.
func askPlain(ctx context.Context, address string, q kmsg.Request) (kmsg.Response, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	q.SetVersion(12)
	if _, err := c.Write(kmsg.NewRequestFormatter().AppendRequest(nil, q, 7)); err != nil {
		return nil, err
	}
	var head [9]byte // length, correlation id, tags
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return nil, err
	}
	body := make([]byte, binary.BigEndian.Uint32(head[:4])-5)
	if _, err := io.ReadFull(c, body); err != nil {
		return nil, err
	}
	answer := q.ResponseKind()
	return answer, answer.ReadFrom(body)
}

// given is what a source has given out last.
type given struct {
	mu  sync.Mutex
	set map[string]string // label by address
	err error
}

func (g *given) take(u discovery.Update) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err = u.Err; u.Err != nil {
		return
	}
	g.set = map[string]string{}
	for _, e := range u.Endpoints {
		g.set[e.Address] = e.Labels[LabelNode]
	}
}

func (g *given) has(address, label string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	got, there := g.set[address]
	return there && got == label
}

// await waits for what takes time outside of this process.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestWithBrokersThatComeAndGo(t *testing.T) {
	c, _ := brokers.Fake(t, 3, "")
	seed := c.ListenAddrs()[0]
	var out given
	s := New(Params{
		Seeds: []discovery.Source{discovery.Static("seeds", []discovery.Endpoint{{Address: seed}})},
		Ask:   askPlain, Refresh: func() time.Duration { return time.Hour },
	})
	ctx, cancel := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() { _ = s.Run(ctx, out.take) })
	defer work.Wait()
	defer cancel()
	await(t, "three nodes", func() bool { return len(s.Nodes().All()) == 3 })
	for _, n := range s.Nodes().All() {
		if !strings.HasPrefix(n.Address, "127.0.0.1:") || !n.Until.IsZero() {
			t.Errorf("got %+v", n)
		}
	}
	if err := c.RemoveNode(2); err != nil {
		t.Fatal(err)
	}
	id, _, err := c.AddNode(300, 0)
	if err != nil || id != 300 {
		t.Fatal(id, err)
	}
	// Nobody has told of it: a client dials it by an address that it has kept.
	address := s.Wait(t.Context(), 300)
	if address == "" || !out.has(address, "300") {
		t.Errorf("node 300 at %q, given out: %v", address, out.set)
	}
	if n, known := s.Nodes().At(2); !known || n.Until.IsZero() {
		t.Errorf("node 2 is told as %+v, %v", n, known)
	}
	if got := s.Wait(t.Context(), 301); got != "" {
		t.Errorf("node 301 at %q", got)
	}
	// One that moves, as a client is told of it before the cluster is asked.
	if err := c.RemoveNode(300); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.AddNode(300, 0); err != nil {
		t.Fatal(err)
	}
	all := c.ListenAddrs()
	moved := all[len(all)-1]
	host, port, _ := net.SplitHostPort(moved)
	n, err := net.LookupPort("tcp", port)
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the address to settle", func() bool { s.Meet(300, []byte(host), int32(n)); return s.Nodes().Address(300) == moved })
	if !out.has(moved, "300") || !out.has(address, "") {
		t.Errorf("given out: %v", out.set)
	}
}
