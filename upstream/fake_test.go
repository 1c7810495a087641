package upstream

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
	"sidecar/discovery"
	"sidecar/internal/leak"
	"sidecar/upstream/breaker"
	"sidecar/upstream/pool"
	"sidecar/upstream/retry"
	"sidecar/varz"
)

func TestMain(m *testing.M) { leak.Main(m, leak.Params{}) }

// message is a request of the test's protocol.
type message struct {
	text, name []byte
	class      sidecar.Class
	whole      bool // it can have a second sender
}

func (m *message) Attr(sel sidecar.Selector) ([]byte, bool) {
	if sel.Attr == sidecar.AttrOperation {
		return m.text, true
	}
	return m.name, true
}
func (*message) Rewind() bool           { return true }
func (m *message) Class() sidecar.Class { return m.class }

// alarm is the deadline wheel, by timers of the runtime.
type alarm struct {
	x  *sidecar.Exchange
	mu sync.Mutex
	on [3]*time.Timer
}

func (a *alarm) Arm(which uint8, at int64, mark uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.on[which] != nil {
		a.on[which].Stop()
		a.on[which] = nil
	}
	if at != 0 {
		a.on[which] = time.AfterFunc(time.Duration(at-sidecar.Now()), func() { a.x.Expire(which, mark) })
	}
}

// backend is an endpoint that a test steers.
type backend struct {
	refuse atomic.Bool
	slow   atomic.Int64  // the dial
	class  atomic.Uint32 // of its replies, Success if 0
	reset  atomic.Bool   // after the request was read
	delay  atomic.Int64  // before the reply
	stream atomic.Int64  // after Commit
	served atomic.Int64
	dials  atomic.Int64
	open   atomic.Int64
	inside func(x *sidecar.Exchange) // what happens in a session; set before use
}

// conn is a connection to a backend.
type conn struct {
	b      *backend
	closed bool
	signal chan struct{}
}

func (c *conn) Wake() {
	select {
	case c.signal <- struct{}{}:
	default:
	}
}

func (c *conn) pause(x *sidecar.Exchange, d int64) error {
	if d == 0 {
		return nil
	}
	timer := time.NewTimer(time.Duration(d))
	defer timer.Stop()
	if x.Block(c) {
		select {
		case <-timer.C:
		case <-c.signal:
		}
	}
	if cause := x.Unblock(); cause != sidecar.NoCause {
		c.closed = true
		return cause.Fault(sidecar.StageRead)
	}
	return nil
}

func (c *conn) Do(_ context.Context, x *sidecar.Exchange) error {
	c.b.served.Add(1)
	if err := c.pause(x, c.b.delay.Load()); err != nil {
		return err
	}
	if c.b.reset.Load() {
		c.closed = true
		return &sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.PeerReset}
	}
	class := sidecar.Success
	if v := c.b.class.Load(); v != 0 {
		class = sidecar.Class(v)
	}
	if !x.Commit(class) {
		return &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromPeer, Class: class, Code: 503, Reason: sidecar.Status5xx}
	}
	x.Msg.(*message).class = class
	if err := c.pause(x, c.b.stream.Load()); err != nil || c.b.inside == nil {
		return err
	}
	c.b.inside(x)
	return nil
}

func (c *conn) Status(bool) sidecar.Status {
	if c.closed {
		return sidecar.Closed
	}
	return sidecar.Open
}

func (c *conn) Close() { c.b.open.Add(-1) }

// feed announces what a test says.
type feed struct{ updates chan discovery.Update }

func (*feed) String() string { return "feed" }

func (f *feed) Run(ctx context.Context, publish func(discovery.Update)) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case u := <-f.updates:
			publish(u)
		}
	}
}

// rig is a cluster that runs before backends.
type rig struct {
	*Cluster
	t        *testing.T
	feed     *feed
	registry *varz.Registry
	mu       sync.Mutex
	backends map[string]*backend
	dialing  int // dials under way
	most     int // that they ever were
	log      journal
	stop     func()
}

// journal is what was logged.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

// lines are those that have the text.
func (j *journal) lines(text string) (lines []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for line := range strings.Lines(j.text.String()) {
		if strings.Contains(line, text) {
			lines = append(lines, line)
		}
	}
	return lines
}

func usual() Settings {
	on, _ := retry.ParseKinds([]string{"connect", "rejected", "reset", "timeout", "5xx"})
	return Settings{
		Timeout: 10 * time.Second, StallTimeout: time.Minute,
		Balance: Balance{Policy: policyLeastLoaded, Hash: sidecar.Selector{Attr: sidecar.AttrProtocol}},
		Pool: pool.Settings{
			LowWatermark: 1, HighWatermark: 100, MaxWaiters: 1000,
			IdleTimeout: time.Minute, ConnectTimeout: time.Second,
		},
		Breaker: breaker.Settings{
			ConsecutiveFailures: 5, SuccessRate: 0.5, Window: 10 * time.Second, MinRequests: 20,
			MinBackoff: 5 * time.Second, MaxBackoff: time.Minute,
		},
		MaxEjected: 0.5,
		Retry:      Retry{Rules: retry.Rules{MaxRetries: 2, On: on}, Budget: 0.2, MinPerSecond: 10},
	}
}

func newRig(t *testing.T, s Settings, addresses ...string) *rig {
	t.Helper()
	return newRigOf(t, s, 0, addresses...)
}

// newRigOf is a rig whose random numbers are all the given one.
func newRigOf(t *testing.T, s Settings, random float64, addresses ...string) *rig {
	t.Helper()
	r := &rig{t: t, feed: &feed{make(chan discovery.Update)}, registry: &varz.Registry{}, backends: map[string]*backend{}}
	var err error
	r.Cluster, err = New(Params{
		Name: "users", Settings: s, Sources: []discovery.Source{r.feed},
		Random: func() float64 { return random }, Log: slog.New(slog.NewTextHandler(&r.log, nil)),
		Timer: timer, Lines: []Line{{Dial: r.dial}}, Registry: r.registry, Sent: varz.HTTPBytesSent, Received: varz.HTTPBytesRecv,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { _ = r.Run(ctx) })
	r.stop = func() {
		cancel()
		run.Wait()
		r.Close()
		for address, b := range r.backends {
			if n := b.open.Load(); n != 0 {
				t.Errorf("%s: %d connections left open", address, n)
			}
		}
	}
	if len(addresses) > 0 {
		r.announce(addresses...)
	}
	return r
}

func (r *rig) backend(address string) *backend {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.backends[address]
	if b == nil {
		b = &backend{}
		r.backends[address] = b
	}
	return b
}

func (r *rig) dial(ctx context.Context, e discovery.Endpoint) (pool.Conn, error) {
	b := r.backend(e.Address)
	b.dials.Add(1)
	r.mu.Lock()
	r.dialing++
	r.most = max(r.most, r.dialing)
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		r.dialing--
		r.mu.Unlock()
	}()
	if d := b.slow.Load(); d > 0 {
		timer := time.NewTimer(time.Duration(d))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if b.refuse.Load() {
		return nil, syscall.ECONNREFUSED
	}
	b.open.Add(1)
	return &conn{b: b, signal: make(chan struct{}, 1)}, nil
}

func (r *rig) announce(addresses ...string) {
	var u discovery.Update
	for _, a := range addresses {
		u.Endpoints = append(u.Endpoints, discovery.Endpoint{Address: a})
	}
	r.feed.updates <- u
	synctest.Wait()
}

func request() *sidecar.Exchange {
	x := new(sidecar.Exchange)
	now := sidecar.Now()
	x.Begin(&message{text: []byte("GET /users/1?x=1"), name: []byte("GET")}, &alarm{x: x}, now)
	x.RequestDone(now)
	x.Idempotent = true
	return x
}

// do performs one exchange and gives its fault's reason.
func (r *rig) do(x *sidecar.Exchange) sidecar.Reason {
	err := r.Do(context.Background(), x)
	x.End()
	if err == nil {
		return sidecar.NoReason
	}
	return sidecar.FaultOf(err).Reason
}

// many performs n one after the other and gives how many failed, a reply that
// is a failure counted too.
func (r *rig) many(n int) (failed int) {
	for range n {
		x := request()
		m := x.Msg.(*message)
		if r.do(x) != sidecar.NoReason || m.class.Failed() {
			failed++
		}
	}
	return failed
}

func (r *rig) row(address string) Row {
	r.t.Helper()
	for _, row := range r.Rows() {
		if row.Address == address {
			return row
		}
	}
	r.t.Fatalf("no row of %s", address)
	return Row{}
}

func (r *rig) want(address, state, gate string) {
	r.t.Helper()
	if row := r.row(address); row.State != state || row.Breaker.State != gate {
		r.t.Errorf("%s is %s, %s (%s), want %s, %s", address, row.State, row.Breaker.State, row.Why, state, gate)
	}
}
