package hedge

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
	"sidecar/internal/leak"
	"sidecar/varz"
)

func TestMain(m *testing.M) { leak.Main(m, leak.Params{}) }

// alarms are the deadline wheel, by timers of the runtime.
type alarms struct {
	fire func(which uint8, mark uint64)
	mu   sync.Mutex
	on   [4]*time.Timer
}

func (a *alarms) Arm(which uint8, at int64, mark uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.on[which] != nil {
		a.on[which].Stop()
		a.on[which] = nil
	}
	if at != 0 {
		a.on[which] = time.AfterFunc(time.Duration(at-sidecar.Now()), func() { a.fire(which, mark) })
	}
}

func timer(fire func(mark uint64)) func(at int64, mark uint64) {
	a := &alarms{fire: func(_ uint8, mark uint64) { fire(mark) }}
	return func(at int64, mark uint64) { a.Arm(0, at, mark) }
}

// request is a message of the test's protocol; the client sees what is written.
type request struct {
	class   sidecar.Class
	partial bool // not all held
	client  *client
	second  *request // joined
	forks   int
	joined  int
}

// client is what both senders write to.
type client struct {
	mu    sync.Mutex
	wrote []uint64 // the endpoints whose replies it got
}

func (*request) Attr(sidecar.Selector) ([]byte, bool) { return nil, false }
func (*request) Rewind() bool                         { return true }
func (m *request) Class() sidecar.Class               { return m.class }
func (m *request) Share(*sidecar.Exchange) bool       { return !m.partial }

func (m *request) Fork() *sidecar.Exchange {
	m.forks++
	x := new(sidecar.Exchange)
	x.Begin(&request{client: m.client}, &alarms{fire: x.Expire}, sidecar.Now())
	return x
}

func (m *request) Join(f *sidecar.Exchange) {
	m.joined++
	m.second = f.Msg.(*request)
	if f.Replied() != 0 {
		m.class = m.second.class
	}
	f.End()
}

// step is what an endpoint does with a try.
type step struct {
	id    uint64
	after time.Duration
	class sidecar.Class // 0: the connection is reset
	body  time.Duration // from the committed reply to its end
}

type bell chan struct{}

func (b bell) Wake() {
	select {
	case b <- struct{}{}:
	default:
	}
}

// pause waits as a connection does; the fault is that of an interrupt.
func pause(x *sidecar.Exchange, d time.Duration) error {
	b, t := make(bell, 1), time.NewTimer(d)
	defer t.Stop()
	if x.Block(b) {
		select {
		case <-t.C:
		case <-b:
		}
	}
	if cause := x.Unblock(); cause != sidecar.NoCause {
		return cause.Fault(sidecar.StageRead)
	}
	return nil
}

// do is one try at an endpoint, recorded as the cluster does.
func (s step) do(x *sidecar.Exchange) error {
	x.Try("e", s.id, x.Now())
	t := x.Tries.Last()
	err := s.answer(x)
	t.End = x.Now()
	if f := sidecar.FaultOf(err); f != nil {
		t.Reason, t.Flags, t.Class = f.Reason, f.Flags, f.Class
	} else {
		t.Class = x.Msg.Class()
	}
	return err
}

func (s step) answer(x *sidecar.Exchange) error {
	if err := pause(x, s.after); err != nil {
		return err
	}
	m := x.Msg.(*request)
	if s.class == sidecar.NoClass {
		return &sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.PeerReset}
	}
	if !x.Commit(s.class) {
		return &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromPeer, Class: s.class, Reason: sidecar.Status5xx}
	}
	m.class = s.class
	m.client.mu.Lock()
	m.client.wrote = append(m.client.wrote, s.id)
	m.client.mu.Unlock()
	return pause(x, s.body)
}

// purse is a budget.
type purse struct {
	mu        sync.Mutex
	deposited int
	left      int
}

func (p *purse) Deposit(n int, _ int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deposited += n
}

func (p *purse) Withdraw(n int, _ int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left < n {
		return false
	}
	p.left -= n
	return true
}

// rig is the layer over two endpoints: the first sender meets one step after
// the other, the second the last.
type rig struct {
	Params
	purse  *purse
	x      sidecar.Exchange
	msg    *request
	client client
	main   []step
	fork   step
	forked *sidecar.Exchange
	nobody bool          // no other endpoint
	drawn  time.Duration // deadline
	change func(x *sidecar.Exchange)
	during func(x *sidecar.Exchange) // beside the exchange
}

const late = 100 * time.Millisecond

func newRig() *rig {
	r := &rig{purse: &purse{left: 10}}
	r.msg = &request{client: &r.client}
	r.Params = Params{
		After: func(*sidecar.Exchange) int64 { return int64(late) }, Budget: r.purse, Timer: timer, Now: sidecar.Now,
		Others: func(*sidecar.Exchange) bool { return !r.nobody },
		Fork: sidecar.ServiceFunc(func(_ context.Context, x *sidecar.Exchange) error {
			r.forked = x
			return r.fork.do(x)
		}),
		Metrics: Metrics{Sent: new(varz.Counter), Won: new(varz.Counter), Lost: new(varz.Counter), Refused: new(varz.Counter), Dark: new(varz.Counter)},
	}
	return r
}

// run makes the exchange and gives what came of it, and how long it took.
func (r *rig) run(t *testing.T) (took time.Duration, err error) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		service := Layer(r.Params)(sidecar.ServiceFunc(func(_ context.Context, x *sidecar.Exchange) (err error) {
			for _, s := range r.main {
				if err = s.do(x); err == nil || x.Replied() != 0 || x.Pending()&^sidecar.AttemptDeadline != 0 {
					return err
				}
			}
			return err
		}))
		x, begun := &r.x, sidecar.Now()
		x.Begin(r.msg, &alarms{fire: x.Expire}, begun)
		x.Idempotent = true
		x.RequestDone(begun)
		x.SetTimeout(int64(r.drawn))
		if r.change != nil {
			r.change(x)
		}
		if r.during != nil {
			go r.during(x)
		}
		err = service.Do(t.Context(), x)
		took = time.Duration(sidecar.Now() - begun)
		if x.Hedge != nil {
			t.Error("the exchange keeps the hedge")
		}
		synctest.Wait()
	})
	if r.msg.forks != r.msg.joined {
		t.Errorf("%d forks, %d joined", r.msg.forks, r.msg.joined)
	}
	return took, err
}

func (r *rig) counts() [5]uint64 {
	m := &r.Metrics
	return [5]uint64{m.Sent.Value(), m.Won.Value(), m.Lost.Value(), m.Refused.Value(), m.Dark.Value()}
}
