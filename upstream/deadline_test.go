package upstream

import (
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
	"sidecar/upstream/limit"
	"sidecar/varz"
)

// asking is a request whose client waits that long, from before it sent the
// request's last byte.
func asking(d, before time.Duration) *sidecar.Exchange {
	x := new(sidecar.Exchange)
	x.Begin(&message{text: []byte("GET /"), name: []byte("GET")}, &alarm{x: x}, sidecar.Now())
	x.Asked = int64(d)
	time.Sleep(before)
	x.RequestDone(sidecar.Now())
	x.Block(nil) // so that it knows what time it is
	x.Unblock()
	return x
}

func TestAClientsTimeShortensTheConfiguredOneAndNeverLengthensIt(t *testing.T) {
	for _, c := range []struct {
		name          string
		mode          limit.Mode
		timeout       time.Duration
		asked, before time.Duration
		want          time.Duration // from the request's last byte, 0 if it is not sent
		reason        sidecar.Reason
		on, dark      [2]uint64 // expired, shortened
	}{
		{"shorter", limit.On, time.Second, 300 * time.Millisecond, 0, 300 * time.Millisecond, sidecar.DeadlineExceeded, [2]uint64{0, 1}, [2]uint64{}},
		{"shorter, of which a part went by", limit.On, time.Second, 300 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, sidecar.DeadlineExceeded, [2]uint64{0, 1}, [2]uint64{}},
		{"longer", limit.On, time.Second, 3 * time.Second, 0, time.Second, sidecar.DeadlineExceeded, [2]uint64{}, [2]uint64{}},
		{"longer, and what is left is shorter", limit.On, time.Second, 3 * time.Second, 2500 * time.Millisecond, 500 * time.Millisecond, sidecar.DeadlineExceeded, [2]uint64{0, 1}, [2]uint64{}},
		{"none is configured", limit.On, 0, 3 * time.Second, 0, 3 * time.Second, sidecar.DeadlineExceeded, [2]uint64{0, 1}, [2]uint64{}},
		{"over", limit.On, time.Second, 300 * time.Millisecond, 300 * time.Millisecond, 0, sidecar.DeadlineExceeded, [2]uint64{1, 0}, [2]uint64{}},
		{"the client says nothing", limit.On, time.Second, 0, 0, time.Second, sidecar.DeadlineExceeded, [2]uint64{}, [2]uint64{}},
		{"dark", limit.Dark, time.Second, 300 * time.Millisecond, 0, time.Second, sidecar.DeadlineExceeded, [2]uint64{}, [2]uint64{0, 1}},
		{"dark and over", limit.Dark, time.Second, 1, time.Minute, time.Second, sidecar.DeadlineExceeded, [2]uint64{}, [2]uint64{1, 0}},
		{"off", limit.Off, time.Second, 300 * time.Millisecond, 0, time.Second, sidecar.DeadlineExceeded, [2]uint64{}, [2]uint64{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := usual()
				s.Timeout, s.ClientDeadline = c.timeout, c.mode
				r := newRig(t, s, "a:1")
				defer r.stop()
				a := r.backend("a:1")
				a.delay.Store(int64(time.Minute))
				x := asking(c.asked, c.before)
				began := time.Now()
				if got := r.do(x); got != c.reason || time.Since(began) != c.want {
					t.Errorf("%v after %v, want %v after %v", got, time.Since(began), c.reason, c.want)
				}
				if x.Asked != int64(c.asked) {
					t.Errorf("what the client asked for is told as %v", time.Duration(x.Asked))
				}
				if sent := a.served.Load() > 0; sent != (c.want > 0) {
					t.Errorf("sent: %v", sent)
				}
				src := varz.Source{Service: "users"}
				on := [2]uint64{r.registry.Counter(varz.DeadlinesExpired, src).Value(), r.registry.Counter(varz.DeadlinesShortened, src).Value()}
				dark := [2]uint64{r.registry.Counter(varz.DarkExpired, src).Value(), r.registry.Counter(varz.DarkShortened, src).Value()}
				if on != c.on || dark != c.dark {
					t.Errorf("counted %v, dark %v; want %v, %v", on, dark, c.on, c.dark)
				}
			})
		})
	}
}

// What a connection is to hand on, it learns from the exchange alone.
func TestAConnectionSeesWhatTheClientAskedForOnlyWhereItIsObeyed(t *testing.T) {
	for mode, want := range map[limit.Mode]time.Duration{limit.Off: 0, limit.Dark: 0, limit.On: time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := usual()
			s.ClientDeadline = mode
			r := newRig(t, s, "a:1")
			defer r.stop()
			saw := time.Duration(-1)
			r.backend("a:1").inside = func(x *sidecar.Exchange) { saw = time.Duration(x.Asked) }
			if got := r.do(asking(time.Second, 0)); got != sidecar.NoReason || saw != want {
				t.Errorf("mode %d: %v, it saw %v", mode, got, saw)
			}
		})
	}
}

// The request of a client that sends its body slowly has no deadline before its
// end; what was left when it came here runs from there.
func TestAClientsTimeOfARequestThatIsStillComing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.ClientDeadline = limit.On
		r := newRig(t, s, "a:1")
		defer r.stop()
		x := new(sidecar.Exchange)
		x.Begin(&message{}, nil, sidecar.Now())
		x.Asked = int64(300 * time.Millisecond)
		time.Sleep(100 * time.Millisecond)
		x.Block(nil)
		x.Unblock()
		if got, f := r.stack.Load().obey(x, int64(time.Second)); f != nil || time.Duration(got) != 200*time.Millisecond {
			t.Errorf("%v, %v", time.Duration(got), f)
		}
	})
}

func TestATimeThatIsOverEjectsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.ClientDeadline = limit.On
		r := newRig(t, s, "a:1", "b:1")
		defer r.stop()
		for _, a := range []string{"a:1", "b:1"} {
			r.backend(a).delay.Store(int64(50 * time.Millisecond))
		}
		for range 50 {
			r.do(asking(20*time.Millisecond, 0))
		}
		r.want("a:1", "open", "healthy")
		r.want("b:1", "open", "healthy")
		// One that hangs for all times that clients give is out all the same.
		r.backend("a:1").delay.Store(int64(time.Minute))
		for range 50 {
			r.do(asking(time.Second, 0))
		}
		r.want("a:1", "closed", "ejected")
	})
}
