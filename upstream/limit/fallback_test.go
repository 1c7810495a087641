package limit

import (
	"context"
	"errors"
	"testing"

	"sidecar"
)

// every is all that a fallback can be there for.
var every = ReasonsOf(sidecar.BreakerOpen, sidecar.BulkheadFull, sidecar.NoEndpoints, sidecar.ConnectRefused,
	sidecar.PeerReset, sidecar.DeadlineExceeded, sidecar.Status5xx)

func static(on Reasons) FallbackParams {
	return FallbackParams{On: on, Static: &Answer{Status: 200, Fields: "A: b\r\n", Body: []byte("sorry")}}
}

// run performs x over the fallback and a leaf.
func run(p FallbackParams, x *sidecar.Exchange, leaf sidecar.Service) error {
	return sidecar.Stack(leaf, Fallback(p)).Do(context.Background(), x)
}

func TestStaticFallbackAnswersWhatFailed(t *testing.T) {
	for _, c := range []struct {
		name string
		on   Reasons
		next sidecar.ServiceFunc
		want bool
	}{
		{"open circuit", every, fault(sidecar.BreakerOpen, sidecar.Unsent|sidecar.Rejected), true},
		{"reset", every, fault(sidecar.PeerReset, 0), true},
		{"failing reply", every, reply(sidecar.Failure), true},
		{"unavailable", every, reply(sidecar.Unavailable), true},
		{"shed", every, reply(sidecar.Shed), true},
		{"success", every, reply(sidecar.Success), false},
		{"the client's error", every, reply(sidecar.ClientError), false},
		{"overload", every, reply(sidecar.Overload), false},
		{"client gone", every, fault(sidecar.ClientLeft, sidecar.FromClient), false},
		{"not switched on", every &^ ReasonsOf(sidecar.PeerReset), fault(sidecar.PeerReset, 0), false},
		{"replies not switched on", every &^ ReasonsOf(sidecar.Status5xx), reply(sidecar.Failure), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := new(message)
			x := exchange(m)
			err := run(static(c.on), x, c.next)
			if (len(m.answered) == 1) != c.want || c.want && (err != nil || string(m.answered[0].Body) != "sorry") {
				t.Fatalf("answered %v, %v", m.answered, err)
			}
			if x.Hold != 0 {
				t.Errorf("still holds %v", x.Hold)
			}
			if last := x.Tries.Last(); c.want && (last == nil || last.Endpoint != "fallback: static answer" || last.Reason == sidecar.NoReason || last.Code != 200) {
				t.Errorf("record %+v", last)
			}
		})
	}
}

// The one that made the reply cannot be told apart from its first byte on.
func TestFallbackLeavesABegunReplyAlone(t *testing.T) {
	m := new(message)
	err := run(static(every), exchange(m), sidecar.ServiceFunc(func(_ context.Context, x *sidecar.Exchange) error {
		x.Commit(sidecar.Success)
		return &sidecar.Fault{Reason: sidecar.PeerReset}
	}))
	if err == nil || len(m.answered) != 0 {
		t.Errorf("answered %v, %v", m.answered, err)
	}
}

// An answer that a client does not take is the fallback's failure, and told.
func TestFallbacksOwnFailureIsTold(t *testing.T) {
	m := &message{err: &sidecar.Fault{Reason: sidecar.ClientLeft, Flags: sidecar.FromClient}}
	if err := run(static(every), exchange(m), fault(sidecar.PeerReset, 0)); sidecar.FaultOf(err).Reason != sidecar.ClientLeft {
		t.Errorf("got %v", err)
	}
}

// plain cannot be answered in a backend's place.
type plain struct{ class sidecar.Class }

func (plain) Attr(sidecar.Selector) ([]byte, bool) { return nil, false }
func (plain) Rewind() bool                         { return true }
func (p plain) Class() sidecar.Class               { return p.class }

func TestMessageThatCannotBeAnsweredKeepsItsFailure(t *testing.T) {
	x := exchange(plain{})
	var hold sidecar.ClassSet
	err := run(static(every), x, sidecar.ServiceFunc(func(_ context.Context, x *sidecar.Exchange) error {
		hold = x.Hold
		return &sidecar.Fault{Reason: sidecar.PeerReset}
	}))
	if hold != 0 || sidecar.FaultOf(err).Reason != sidecar.PeerReset {
		t.Errorf("held %v, got %v", hold, err)
	}
}

func TestOtherUpstreamTakesOverOnlyWhatIsSafeToSendAgain(t *testing.T) {
	unsent := sidecar.Unsent | sidecar.Rejected
	for _, c := range []struct {
		name       string
		idempotent bool
		fixed      bool
		next       sidecar.ServiceFunc
		want       bool
	}{
		{"refused by the circuit", false, false, fault(sidecar.BreakerOpen, unsent), true},
		{"no connection", false, false, fault(sidecar.ConnectRefused, sidecar.Unsent), true},
		{"reset, idempotent", true, false, fault(sidecar.PeerReset, 0), true},
		{"reset, and may have been executed", false, false, fault(sidecar.PeerReset, 0), false},
		{"failing reply", true, false, reply(sidecar.Failure), true},
		{"failing reply to what may not be repeated", false, false, reply(sidecar.Failure), false},
		{"not held any more", true, true, fault(sidecar.ConnectRefused, sidecar.Unsent), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &message{fixed: c.fixed}
			x := exchange(m)
			x.Idempotent, x.Op = c.idempotent, 7
			reached := false
			p := FallbackParams{On: every, Other: "b", Find: func(name string) sidecar.Service {
				if name != "b" {
					t.Errorf("asked for %q", name)
				}
				return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
					reached = true
					x.Op = 99 // of the other's table
					return reply(sidecar.Unavailable)(ctx, x)
				})
			}}
			err := run(p, x, c.next)
			if reached != c.want {
				t.Fatalf("reached %v: %v", reached, err)
			}
			if c.want && err != nil { // whatever it says goes out
				t.Errorf("got %v", err)
			}
			if x.Op != 7 {
				t.Errorf("the operation is %d now", x.Op)
			}
			if !c.want && c.name == "failing reply to what may not be repeated" && x.Replied() == 0 {
				t.Error("the reply was kept for nothing")
			}
		})
	}
}

func TestOtherUpstreamThatIsGoneLeavesTheFailure(t *testing.T) {
	p := FallbackParams{On: every, Other: "b", Find: func(string) sidecar.Service { return nil }}
	if err := run(p, exchange(new(message)), fault(sidecar.ConnectRefused, sidecar.Unsent)); sidecar.FaultOf(err).Reason != sidecar.ConnectRefused {
		t.Errorf("got %v", err)
	}
}

func TestNothingToFallBackOnIsNoLayer(t *testing.T) {
	if Fallback(FallbackParams{On: every}) != nil {
		t.Error("a layer that does nothing")
	}
}

// A held reply whose class the outer layer holds too stays held.
func TestFallbackRestoresWhatIsHeldOutside(t *testing.T) {
	x := exchange(new(message))
	x.Hold = sidecar.Classes(sidecar.Overload)
	err := run(static(every), x, sidecar.ServiceFunc(func(_ context.Context, x *sidecar.Exchange) error {
		if !x.Hold.Has(sidecar.Overload) || !x.Hold.Has(sidecar.Failure) || x.Hold.Has(sidecar.Success) {
			t.Errorf("holds %v", x.Hold)
		}
		return errors.New("not a fault")
	}))
	if err == nil || x.Hold != sidecar.Classes(sidecar.Overload) {
		t.Errorf("got %v, holds %v", err, x.Hold)
	}
}
