package listener

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"sidecar"
	"sidecar/varz"
)

func TestParkedConnectionsAreServedWhenBytesCome(t *testing.T) {
	r := newRig(t, "127.0.0.1:0", 10)
	a, b := r.dial(t), r.dial(t)
	for range 50 {
		say(t, a, "one")
		hear(t, a, "one")
		say(t, b, "two")
		hear(t, b, "two")
	}
}

func TestConnectionsBeyondTheLimitAreRefusedInWords(t *testing.T) {
	r := newRig(t, "127.0.0.1:0", 1)
	first := r.dial(t)
	say(t, first, "hi")
	hear(t, first, "hi")
	second := r.dial(t)
	if text, err := io.ReadAll(second); err != nil || string(text) != "max_connections" {
		t.Errorf("the second heard %q, %v", text, err)
	}
	if n := r.srv.refused.Load(); n != 1 {
		t.Errorf("%d were refused", n)
	}
	say(t, first, "still")
	hear(t, first, "still")
	first.Close()
	for { // until its place is free
		third := r.dial(t)
		say(t, third, "now")
		buf := make([]byte, 3)
		if _, err := io.ReadFull(third, buf); err == nil && string(buf) == "now" {
			return
		}
	}
}

func TestDrainEndsParkedConnectionsWithinTheGrace(t *testing.T) {
	r := newRig(t, "127.0.0.1:0", 10)
	c := r.dial(t)
	say(t, c, "hi")
	hear(t, c, "hi")
	r.Stop()
	if n := r.Drain(t.Context()); n != 0 {
		t.Errorf("%d connections had to be told", n)
	}
	if _, err := io.ReadAll(c); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Error(err)
	}
	if nc, err := net.Dial("tcp", r.Addr().String()); err == nil {
		nc.Close()
		t.Error("it still accepts")
	}
}

func TestDrainCutsWhatTheGraceDoesNotEnd(t *testing.T) {
	r := newRig(t, "127.0.0.1:0", 10)
	c := r.dial(t)
	say(t, c, "hold")
	for busy := false; !busy; { // until its goroutine has taken the word
		r.mu.Lock()
		for cc := range r.conns {
			busy = cc.client.(*echoClient).served.Load() > 0 && r.lot.Parked() == 0
		}
		r.mu.Unlock()
	}
	grace, cancel := context.WithCancel(t.Context())
	cancel()
	r.Stop()
	r.Drain(grace)
	if _, err := io.ReadAll(c); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Error(err)
	}
}

func TestUnixSocketLeftBehindIsReplacedAndALiveOneIsNot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	left.Close()
	ln, err := Bind(t.Context(), "unix:"+path)
	if err != nil {
		t.Fatalf("left behind: %v", err)
	}
	defer ln.Close()
	if second, err := Bind(t.Context(), "unix:"+path); err == nil {
		second.Close()
		t.Error("a socket in use was taken over")
	}
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if third, err := Bind(t.Context(), "unix:"+file); err == nil {
		third.Close()
		t.Error("a file was taken for a socket")
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the file is gone: %v", err)
	}
}

func TestAdmissionRefusesWhatIsOverItsBound(t *testing.T) {
	var a Admission
	a.SetMax(3)
	inside := 0
	var next sidecar.Service
	next = a.Layer(sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		if inside++; inside > 10 {
			return nil
		}
		return next.Do(ctx, x) // one more under way
	}))
	x := &sidecar.Exchange{N: 1}
	f := sidecar.FaultOf(next.Do(t.Context(), x))
	if inside != 3 || f == nil || f.Reason != sidecar.TooManyRequests || !f.Has(sidecar.Unsent|sidecar.Rejected) {
		t.Errorf("%d got in, then %v", inside, f)
	}
	a.SetMax(0)
	inside = 0
	if err := next.Do(t.Context(), x); err != nil {
		t.Errorf("without a bound: %v", err)
	}
	if n := a.underWay.Load(); n != 0 {
		t.Errorf("%d are counted as under way", n)
	}
}

func TestCountCountsRequestsAndTheSidecarsOwnFailures(t *testing.T) {
	r := new(varz.Registry)
	var err error
	s := Count(r, "l")(sidecar.ServiceFunc(func(context.Context, *sidecar.Exchange) error { return err }))
	x := &sidecar.Exchange{N: 2}
	_ = s.Do(t.Context(), x)
	err = &sidecar.Fault{Reason: sidecar.NoRoute}
	_ = s.Do(t.Context(), x)
	l := varz.Source{Listener: "l"}
	if n := r.Counter(varz.ListenerRequests, l).Value(); n != 4 {
		t.Errorf("%d requests", n)
	}
	if n := r.Gauge(varz.ListenerInFlight, l).Value(); n != 0 {
		t.Errorf("%d in flight", n)
	}
	l.Reason = "no_route"
	if n := r.Counter(varz.ListenerFailures, l).Value(); n != 2 {
		t.Errorf("%d failures", n)
	}
}
