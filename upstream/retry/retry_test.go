package retry

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidecar"
)

type message struct {
	rewinds int
	fixed   bool // cannot be rewound
}

func (*message) Attr(sidecar.Selector) ([]byte, bool) { return nil, false }
func (m *message) Rewind() bool                       { m.rewinds++; return !m.fixed }
func (*message) Class() sidecar.Class                 { return sidecar.Success }

const every = Kinds(1<<Connect | 1<<Rejected | 1<<Reset | 1<<Timeout | 1<<Status)

func exchange() *sidecar.Exchange {
	x := new(sidecar.Exchange)
	x.Begin(&message{}, nil, 1)
	x.RequestDone(1)
	x.Idempotent = true
	return x
}

// rig makes tries that end as the test says, the last way for ever.
type rig struct {
	params Params
	ends   []func(x *sidecar.Exchange) error
	holds  []sidecar.ClassSet
}

func newRig(ends ...func(x *sidecar.Exchange) error) *rig {
	r := &rig{ends: ends}
	r.params = Params{
		Rules: Rules{MaxRetries: 2, On: every}, Budget: NewBudget(0.2, 10),
		Others: func(x *sidecar.Exchange) bool { return x.Tries.Len() < 20 },
	}
	return r
}

func (r *rig) Do(_ context.Context, x *sidecar.Exchange) error {
	n := x.Tries.Len()
	x.Try("a:1", uint64(n), x.Now())
	r.holds = append(r.holds, x.Hold)
	return r.ends[min(n, len(r.ends)-1)](x)
}

func (r *rig) run(x *sidecar.Exchange) error {
	return sidecar.Stack(r, Layer(r.params)).Do(context.Background(), x)
}

func fails(f sidecar.Fault) func(*sidecar.Exchange) error {
	return func(*sidecar.Exchange) error { g := f; return &g }
}

func answers(c sidecar.Class) func(*sidecar.Exchange) error {
	return func(x *sidecar.Exchange) error {
		if !x.Commit(c) {
			return &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromPeer, Class: c, Code: 503, Reason: sidecar.Status5xx}
		}
		return nil
	}
}

var faults = []struct {
	name  string
	fault sidecar.Fault
	kind  Kind
}{
	{"refused", sidecar.Fault{Stage: sidecar.StageDial, Flags: sidecar.Unsent, Reason: sidecar.ConnectRefused}, Connect},
	{"connect timeout", sidecar.Fault{Stage: sidecar.StageDial, Flags: sidecar.Unsent | sidecar.Timeout, Reason: sidecar.ConnectTimeout}, Connect},
	{"pool exhausted", sidecar.Fault{Stage: sidecar.StageDial, Flags: sidecar.Unsent | sidecar.Rejected, Reason: sidecar.PoolExhausted}, Connect},
	{"stale", sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.Unsent | sidecar.Stale, Reason: sidecar.PeerClosed}, Connect},
	{"reset before a byte", sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.Unsent, Reason: sidecar.PeerReset}, Connect},
	{"attempt timeout in the pool", sidecar.Fault{Stage: sidecar.StageDial, Flags: sidecar.Unsent | sidecar.Timeout, Reason: sidecar.AttemptTimedOut}, Connect},
	{"too large to send", sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.Unsent, Reason: sidecar.TooLarge}, None},
	{"rejected", sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.Rejected | sidecar.FromPeer, Class: sidecar.Overload}, Rejected},
	{"closed", sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.PeerClosed}, Reset},
	{"reset while writing", sidecar.Fault{Stage: sidecar.StageWrite, Reason: sidecar.PeerReset}, Reset},
	{"attempt timeout", sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.Timeout, Reason: sidecar.AttemptTimedOut}, Timeout},
	{"held 503 with Retry-After", sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromPeer, Class: sidecar.Shed, Code: 503, Reason: sidecar.Status5xx}, Status},
	{"held 503", sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromPeer, Class: sidecar.Unavailable, Code: 503, Reason: sidecar.Status5xx}, Status},
	{"held 500", sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromPeer, Class: sidecar.Failure, Code: 500, Reason: sidecar.Status5xx}, None},
	{"bad reply", sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.BadReply}, None},
	{"deadline", sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.Timeout, Reason: sidecar.DeadlineExceeded}, None},
	{"stalled", sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.Timeout, Reason: sidecar.StalledOut}, None},
	{"client gone", sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromClient, Reason: sidecar.ClientLeft}, None},
	{"client gone, nothing sent", sidecar.Fault{Flags: sidecar.FromClient | sidecar.Unsent, Reason: sidecar.ConnectRefused}, None},
	{"shutting down", sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.ShuttingDown}, None},
	{"a defect of ours", sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.Internal}, None},
}

// Every fault, with every combination of what else decides.
func TestWhatIsTriedAgain(t *testing.T) {
	for _, c := range faults {
		for bits := range 1 << 6 {
			idempotent, fixed, on := bits&1 != 0, bits&2 != 0, bits&4 != 0
			budget, committed, session := bits&8 != 0, bits&16 != 0, bits&32 != 0
			name := fmt.Sprintf("%s/idempotent=%v fixed=%v on=%v budget=%v committed=%v session=%v", c.name, idempotent, fixed, on, budget, committed, session)
			r := newRig(func(x *sidecar.Exchange) error {
				if committed {
					x.Commit(sidecar.Success)
				}
				return fails(c.fault)(x)
			}, answers(sidecar.Success))
			x := exchange()
			x.Msg.(*message).fixed, x.Idempotent = fixed, idempotent
			if session {
				x.Kind = sidecar.Session
			}
			if !on {
				r.params.On &^= 1 << c.kind
			}
			if !budget {
				r.params.Budget = NewBudget(0, 0)
			}
			free := c.kind == Connect
			want := c.kind != None && on && !committed && !fixed &&
				(free || budget && !session) && (idempotent || !c.kind.idempotent())
			err := r.run(x)
			if again := x.Tries.Len() == 2; again != want || again != (err == nil) {
				t.Errorf("%s: tried again %v (%v), want %v", name, again, err, want)
			}
			lost := !budget && on && !committed && !fixed && !session &&
				(c.kind == Rejected || c.kind == Status && idempotent)
			if got := err != nil && sidecar.FaultOf(err).Reason == sidecar.RetryBudget; got != lost {
				t.Errorf("%s: reason retry_budget %v, want %v", name, got, lost)
			}
			if lost && (sidecar.FaultOf(err).Code != c.fault.Code || sidecar.FaultOf(err).Class != c.fault.Class) {
				t.Errorf("%s: the kept reply's code is lost: %v", name, err)
			}
		}
	}
}

func TestRepliesAreHeldButForTheLastTry(t *testing.T) {
	r := newRig(answers(sidecar.Unavailable))
	x := exchange()
	x.Hold = sidecar.Classes(sidecar.Overload)
	if err := r.run(x); err != nil {
		t.Fatalf("the last reply did not go out: %v", err)
	}
	both, own := sidecar.Classes(sidecar.Overload, sidecar.Unavailable, sidecar.Shed), sidecar.Classes(sidecar.Overload)
	if want := []sidecar.ClassSet{both, both, own}; !slices.Equal(r.holds, want) {
		t.Errorf("held %v, want %v", r.holds, want)
	}
	if x.Hold != own {
		t.Errorf("what the layer outside holds was changed to %v", x.Hold)
	}
}

func TestNothingIsHeldThatWouldNotBeTriedAgain(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*rig, *sidecar.Exchange)
	}{
		{"not idempotent", func(_ *rig, x *sidecar.Exchange) { x.Idempotent = false }},
		{"not switched on", func(r *rig, _ *sidecar.Exchange) { r.params.On = 1 << Connect }},
		{"no retries", func(r *rig, _ *sidecar.Exchange) { r.params.MaxRetries = 0 }},
		{"no budget", func(r *rig, _ *sidecar.Exchange) { r.params.Budget = NewBudget(0.2, 0) }},
		{"no time", func(_ *rig, x *sidecar.Exchange) {
			x.Begin(&message{}, nil, 6)
			x.Idempotent = true
			x.RequestDone(1)
			x.SetTimeout(5)
		}},
		{"session", func(_ *rig, x *sidecar.Exchange) { x.Kind = sidecar.Session }},
		{"request still coming", func(_ *rig, x *sidecar.Exchange) {
			x.Begin(&message{}, nil, 1)
			x.Idempotent = true
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, x := newRig(answers(sidecar.Unavailable)), exchange()
			c.set(r, x)
			if err := r.run(x); err != nil || x.Tries.Len() != 1 || r.holds[0] != 0 {
				t.Errorf("%v after %d tries, held %v", err, x.Tries.Len(), r.holds)
			}
		})
	}
}

func TestTriesAreBounded(t *testing.T) {
	for _, c := range []struct {
		name   string
		fault  sidecar.Fault
		others int
		want   int
	}{
		{"paid", faults[8].fault, 100, 3},
		{"free while endpoints are left", faults[0].fault, 5, 5},
		{"free at most", faults[0].fault, 100, maxTries},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, x := newRig(fails(c.fault)), exchange()
			r.params.Others = func(x *sidecar.Exchange) bool { return x.Tries.Len() < c.others }
			if err := r.run(x); err == nil || x.Tries.Len() != c.want {
				t.Errorf("%v after %d tries, want %d", err, x.Tries.Len(), c.want)
			}
		})
	}
}

func TestAPendingCauseEndsTheTries(t *testing.T) {
	for _, c := range []struct {
		cause sidecar.Cause
		again bool
	}{
		{sidecar.ClientGone, false}, {sidecar.Lost, false}, {sidecar.DeadlineCause, false},
		{sidecar.Stalled, false}, {sidecar.Draining, false}, {sidecar.AttemptDeadline, true},
	} {
		t.Run(c.cause.Fault(sidecar.StageRead).Reason.String(), func(t *testing.T) {
			r := newRig(func(x *sidecar.Exchange) error {
				x.Interrupt(x.Gen(), c.cause)
				return fails(faults[0].fault)(x)
			}, answers(sidecar.Success))
			x := exchange()
			if again := r.run(x) == nil; again != c.again {
				t.Errorf("tried again %v", again)
			}
		})
	}
}

func TestClientOfAClosedConnectionIsNotTriedFor(t *testing.T) {
	r, x := newRig(fails(faults[0].fault)), exchange()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := sidecar.Stack(r, Layer(r.params)).Do(ctx, x); err == nil || x.Tries.Len() != 1 {
		t.Errorf("%v after %d tries", err, x.Tries.Len())
	}
}

func TestABurstPaysForAllItsRequests(t *testing.T) {
	r, x := newRig(fails(faults[8].fault)), exchange()
	r.params.Budget = NewBudget(0.5, 0)
	x.N = 10
	if err := r.run(x); err == nil || x.Tries.Len() != 1 {
		t.Errorf("%v after %d tries: 10 requests give 5 retries", err, x.Tries.Len())
	}
	r.params.Budget.Deposit(10, x.Now())
	x.Begin(&message{}, nil, 1)
	x.N, x.Idempotent = 10, true
	if err := r.run(x); err == nil || x.Tries.Len() != 2 {
		t.Errorf("%v after %d tries: 30 requests give 15 retries", err, x.Tries.Len())
	}
}

func TestBudgetIsAShareAndAReserveOfTheWindow(t *testing.T) {
	b := NewBudget(0.2, 1)
	take := func(now int64) (n int) {
		for b.Withdraw(1, now) {
			n++
		}
		return n
	}
	second := int64(time.Second)
	now := 100 * second
	if n := take(now); n != 10 {
		t.Errorf("%d from the reserve of 10 s", n)
	}
	b.Deposit(50, now+5*second)
	if n := take(now + 5*second); n != 10 {
		t.Errorf("%d of 50 requests", n)
	}
	if n := take(now + 10*second); n != 0 {
		t.Errorf("%d within ten seconds of the first", n)
	}
	if n := take(now + 11*second); n != 10 {
		t.Errorf("%d after the first window", n)
	}
	// What was spent five seconds ago is free again, what was earned then is gone.
	if n := take(now + 16*second); n != 0 {
		t.Errorf("%d after the second window", n)
	}
	if n := take(now + 100*second); n != 10 {
		t.Errorf("%d after a long silence", n)
	}
	b.Set(1, 0)
	b.Deposit(3, now+200*second)
	if n := take(now + 200*second); n != 3 {
		t.Errorf("%d after a change", n)
	}
}

// In tests with virtual time the clock may stand before its zero.
func TestBudgetCountsAcrossTheZeroOfTheClock(t *testing.T) {
	b := NewBudget(1, 0)
	second := int64(time.Second)
	for i := -12 * second; i < 4*second; i += second {
		b.Deposit(1, i+second/2)
	}
	// Seconds that are cut towards zero make the one around it twice as long.
	if got := b.Account(3*second + second/2); got.Requests < 11 || got.Requests > 12 {
		t.Errorf("%d of 11 seconds with one request each", got.Requests)
	}
}

// What is asked before each try adds up less than what decides, and must say
// the same: or replies would be held that are not replaced, or go out that
// would have been.
func TestBudgetSaysBeforehandWhatItWillPay(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, b := range []*Budget{NewBudget(0.2, 0), NewBudget(0.2, 1), NewBudget(0, 1), NewBudget(0, 0)} {
		now, yes, no := int64(1), 0, 0
		for range 20000 {
			now += random.Int64N(int64(200 * time.Millisecond))
			if random.IntN(1000) == 0 {
				now += windowed
			}
			b.Deposit(random.IntN(3), now)
			n := 1 + random.IntN(3)
			has, left := b.Has(n, now), b.Left(now)
			if has != (left >= int64(n)) {
				t.Fatalf("at %d: %d are left and %d would be paid: %v", now, left, n, has)
			}
			if b.Withdraw(n, now) {
				yes++
			} else {
				no++
			}
		}
		if yes+no != 20000 || no == 0 {
			t.Errorf("paid %d, refused %d", yes, no)
		}
	}
}

func TestBudgetIsExactUnderConcurrency(t *testing.T) {
	b := NewBudget(0.2, 0)
	var won atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				b.Deposit(1, 1)
				if b.Withdraw(1, 1) {
					won.Add(1)
				}
			}
		})
	}
	all.Wait()
	for b.Withdraw(1, 1) {
		won.Add(1)
	}
	if won.Load() != 1600 {
		t.Errorf("%d retries of 8000 requests", won.Load())
	}
}

func TestParseKinds(t *testing.T) {
	got, err := ParseKinds([]string{"connect", "rejected", "reset", "timeout", "5xx"})
	if err != nil || got != every {
		t.Errorf("%b, %v", got, err)
	}
	for _, name := range []string{"none", "", "503"} {
		if _, err := ParseKinds([]string{name}); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
}

func TestTriesThatFoundNoEndpointAreBoundedToo(t *testing.T) {
	n := 0
	leaf := sidecar.ServiceFunc(func(context.Context, *sidecar.Exchange) error {
		n++
		return &sidecar.Fault{Stage: sidecar.StagePick, Flags: sidecar.Unsent | sidecar.Rejected, Reason: sidecar.NoEndpoints}
	})
	r := newRig(answers(sidecar.Success))
	if err := sidecar.Stack(leaf, Layer(r.params)).Do(context.Background(), exchange()); err == nil || n != maxTries {
		t.Errorf("%v after %d tries", err, n)
	}
}
