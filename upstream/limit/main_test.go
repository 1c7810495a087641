package limit

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
	"sidecar/varz"
)

// message is a request whose reply a test chooses; it can be answered.
type message struct {
	class    sidecar.Class
	fixed    bool // cannot be sent again
	answered []Answer
	err      error // of Answer
}

func (*message) Attr(sidecar.Selector) ([]byte, bool) { return nil, false }
func (m *message) Rewind() bool                       { return !m.fixed }
func (m *message) Class() sidecar.Class               { return m.class }

func (m *message) Answer(x *sidecar.Exchange, status int, fields string, body []byte) error {
	if m.err != nil {
		return m.err
	}
	if !x.Commit(sidecar.Success) {
		return &sidecar.Fault{Flags: sidecar.FromPeer}
	}
	m.class = sidecar.Success
	m.answered = append(m.answered, Answer{status, fields, body})
	return nil
}

func exchange(m sidecar.Message) *sidecar.Exchange {
	x := new(sidecar.Exchange)
	now := sidecar.Now()
	x.Begin(m, nil, now)
	x.RequestDone(now)
	x.Idempotent = true
	return x
}

// reply is a leaf whose replies are of one class.
func reply(class sidecar.Class) sidecar.ServiceFunc {
	return func(_ context.Context, x *sidecar.Exchange) error {
		if !x.Commit(class) {
			return &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromPeer, Reason: sidecar.Status5xx, Class: class, Code: 503}
		}
		x.Msg.(*message).class = class
		return nil
	}
}

// fault is a leaf that fails so.
func fault(r sidecar.Reason, fl sidecar.Flags) sidecar.ServiceFunc {
	return func(context.Context, *sidecar.Exchange) error {
		return &sidecar.Fault{Stage: sidecar.StageRead, Flags: fl, Reason: r}
	}
}

// rig is a circuit with an upstream behind it that a test steers.
type rig struct {
	*Circuit
	t       *testing.T
	next    sidecar.Service
	service sidecar.Service
	reached atomic.Int64 // requests that the upstream got
	changes []string
	metrics CircuitMetrics
}

func usual() CircuitSettings {
	return CircuitSettings{Mode: On, Window: 10 * time.Second, MinRequests: 20, ErrorRate: 0.5, Sleep: 5 * time.Second}
}

func newRig(t *testing.T, s CircuitSettings) *rig {
	r := &rig{t: t, next: reply(sidecar.Success)}
	r.metrics = CircuitMetrics{Refused: new(varz.Counter), Dark: new(varz.Counter), Opened: new(varz.Counter), Probes: new(varz.Counter)}
	r.Circuit = NewCircuit(CircuitParams{
		Settings: s, Now: sidecar.Now, Metrics: r.metrics,
		Changed: func(to State, _ string) { r.changes = append(r.changes, to.String()) },
	})
	r.service = r.Layer(sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		r.reached.Add(1)
		return r.next.Do(ctx, x)
	}))
	return r
}

// do performs n requests and tells how many of them the circuit refused.
func (r *rig) do(n int) (refused int) {
	for range n {
		if err := r.one(); err != nil && sidecar.FaultOf(err).Reason == sidecar.BreakerOpen {
			refused++
		}
	}
	return refused
}

func (r *rig) one() error {
	x := exchange(new(message))
	defer x.End()
	return r.service.Do(context.Background(), x)
}

func (r *rig) good(n int) int { r.next = reply(sidecar.Success); return r.do(n) }
func (r *rig) bad(n int) int  { r.next = reply(sidecar.Failure); return r.do(n) }

func (r *rig) want(s State) {
	r.t.Helper()
	if got := r.Snapshot().State; got != s {
		r.t.Errorf("the circuit is %v, want %v", got, s)
	}
}

func virtual(t *testing.T, f func(*testing.T)) { t.Helper(); synctest.Test(t, f) }
