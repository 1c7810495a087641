package breaker

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
)

type message struct{ class sidecar.Class }

func (message) Attr(sidecar.Selector) ([]byte, bool) { return nil, false }
func (message) Rewind() bool                         { return true }
func (m message) Class() sidecar.Class               { return m.class }

// rig is a breaker whose endpoint does what a test says.
type rig struct {
	*Breaker
	t     *testing.T
	leave bool // the answer to Ask
	asked int
	back  int
	out   int
}

func usual() Settings {
	return Settings{
		ConsecutiveFailures: 5, SuccessRate: 0.5, Window: 10 * time.Second, MinRequests: 20,
		MinBackoff: 5 * time.Second, MaxBackoff: time.Minute,
	}
}

func newRig(t *testing.T, s Settings) *rig {
	r := &rig{t: t, leave: true}
	r.Breaker = New(Params{
		Settings: s, Now: sidecar.Now, Random: func() float64 { return 0.5 },
		Ask:     func() bool { r.asked++; return r.leave },
		Back:    func() { r.back++ },
		Ejected: func(string) { r.out++ },
	})
	return r
}

func exchange(class sidecar.Class) *sidecar.Exchange {
	x := new(sidecar.Exchange)
	x.Begin(message{class}, nil, sidecar.Now())
	x.Try("a:1", 1, sidecar.Now())
	return x
}

// run sends one exchange through the layer.
func (r *rig) run(x *sidecar.Exchange, err error) {
	leaf := sidecar.ServiceFunc(func(context.Context, *sidecar.Exchange) error { return err })
	_ = sidecar.Stack(leaf, r.Layer()).Do(context.Background(), x)
}

func (r *rig) ok()   { r.run(exchange(sidecar.Success), nil) }
func (r *rig) fail() { r.run(exchange(sidecar.Failure), nil) }

func refused() error {
	return &sidecar.Fault{Stage: sidecar.StageDial, Flags: sidecar.Unsent, Reason: sidecar.ConnectRefused}
}

func (r *rig) want(state State, status sidecar.Status) {
	r.t.Helper()
	if got := r.Snapshot().State; got != state {
		r.t.Errorf("state %v, want %v", got, state)
	}
	if got := r.Status(sidecar.Now()); got != status {
		r.t.Errorf("status %v, want %v", got, status)
	}
}

// eject brings the endpoint out by failed requests.
func (r *rig) eject() {
	r.t.Helper()
	for range 5 {
		r.fail()
	}
	r.want(Ejected, sidecar.Closed)
}

func virtual(t *testing.T, f func(*testing.T)) { t.Helper(); synctest.Test(t, f) }
