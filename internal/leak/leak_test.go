package leak

import (
	"strings"
	"testing"
	"time"
)

// stay runs until stop; it says when it is on its own stack, since before its
// first step a goroutine is seen without its function.
func stay(began, stop chan struct{}) {
	close(began)
	<-stop
}

func begin(stop chan struct{}) {
	began := make(chan struct{})
	go stay(began, stop)
	<-began
}

func TestGoroutineLeftIsTold(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	begin(stop)
	var out strings.Builder
	if settles(Params{}, 0, &out) {
		t.Fatal("a goroutine was left and not found")
	}
	if !strings.Contains(out.String(), "leak.stay") {
		t.Errorf("the function is not named in %q", out.String())
	}
}

func TestIgnoredGoroutineMayStay(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	begin(stop)
	var out strings.Builder
	if !settles(Params{Ignore: []string{"leak.stay"}}, time.Minute, &out) {
		t.Errorf("ignored, and told all the same: %s", out.String())
	}
}

func TestGoroutineThatEndsIsWaitedFor(t *testing.T) {
	stop := make(chan struct{})
	begin(stop)
	looked := 0
	p := Params{Zero: map[string]func() int64{"looks": func() int64 {
		if looked++; looked == 2 {
			close(stop)
		}
		return 0
	}}}
	var out strings.Builder
	if !settles(p, time.Minute, &out) {
		t.Error(out.String())
	}
	if looked < 2 {
		t.Errorf("ended after %d looks, before the goroutine did", looked)
	}
}

func TestCountThatIsNotZeroIsTold(t *testing.T) {
	p := Params{Zero: map[string]func() int64{"buffers not given back": func() int64 { return 3 }}}
	var out strings.Builder
	if settles(p, 0, &out) || !strings.Contains(out.String(), "3 buffers not given back") {
		t.Errorf("got %q", out.String())
	}
}

func TestMain(m *testing.M) { Main(m, Params{}) }
