package breaker

import (
	"testing"
	"time"

	"sidecar"
)

func yes() bool { return true }
func no() bool  { return false }

func TestEjectedByHandStaysOutUntilReadmitted(t *testing.T) {
	virtual(t, func(t *testing.T) {
		r := newRig(t, usual())
		if !r.Eject(yes, sidecar.Now()) {
			t.Fatal("refused")
		}
		time.Sleep(time.Hour)
		r.ok() // somebody had no better endpoint
		r.fail()
		r.want(Forced, sidecar.Closed)
		if ok, probe := r.Claim(exchange(0), sidecar.Now()); ok || probe || r.Ready(sidecar.Now()) || r.Due() != 0 {
			t.Error("somebody may try it")
		}
		if s := r.Snapshot(); s.Reason != ByHand || r.out != 1 || s.Ejections != 1 {
			t.Errorf("%+v, told %d times", s, r.out)
		}
		if !r.Eject(no, sidecar.Now()) || !r.Readmit(sidecar.Now()) {
			t.Error("not idempotent")
		}
		r.want(Healthy, sidecar.Open)
		if r.back != 1 || r.Readmit(sidecar.Now()) {
			t.Errorf("back %d times", r.back)
		}
	})
}

func TestLastOneIsNotEjectedByHand(t *testing.T) {
	virtual(t, func(t *testing.T) {
		r := newRig(t, usual())
		if r.Eject(no, sidecar.Now()) {
			t.Error("ejected without leave")
		}
		r.want(Healthy, sidecar.Open)
	})
}

// One that is out already keeps its place; what ended its time out before does
// so no longer.
func TestEndpointThatIsOutCanBeKeptOutByHand(t *testing.T) {
	for _, state := range []State{Ejected, Disconnected, Probing} {
		t.Run(state.String(), func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				r, x := newRig(t, usual()), exchange(sidecar.Success)
				if state == Disconnected {
					r.run(exchange(0), refused())
				} else {
					r.eject()
				}
				if state == Probing {
					time.Sleep(10 * time.Second)
					x = exchange(sidecar.Success)
					r.Claim(x, sidecar.Now())
				}
				if !r.Eject(no, sidecar.Now()) {
					t.Fatal("refused")
				}
				r.run(x, nil) // the probe's success, too late
				r.Dialled(true, sidecar.Now())
				time.Sleep(time.Hour)
				r.want(Forced, sidecar.Closed)
				if r.back != 0 {
					t.Error("its place was given back")
				}
				r.Readmit(sidecar.Now())
				r.want(Healthy, sidecar.Open)
			})
		})
	}
}

// What failed before counts no more, and the next time out is a first one.
func TestReadmittedByHandBeginsAfresh(t *testing.T) {
	virtual(t, func(t *testing.T) {
		r := newRig(t, usual())
		r.eject()
		r.Readmit(sidecar.Now())
		for range 4 {
			r.fail()
		}
		r.want(Healthy, sidecar.Open)
		r.fail()
		r.want(Ejected, sidecar.Closed)
		if s := r.Snapshot(); s.Until-s.Since > int64(10*time.Second) {
			t.Errorf("out for %v", time.Duration(s.Until-s.Since))
		}
	})
}
