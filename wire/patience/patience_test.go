package patience

import (
	"testing"
	"time"

	"sidecar"
)

func TestWhatIsHeldHasTimeForASlowLine(t *testing.T) {
	const silence = int64(10 * time.Second)
	for size, want := range map[int]time.Duration{1: time.Minute, 64 << 10: 61 * time.Second, 16 << 20: 316 * time.Second} {
		if got := time.Duration(Held(silence, size)).Truncate(time.Second); got != want {
			t.Errorf("%d bytes: %v, want %v", size, got, want)
		}
	}
}

func TestNothingIsSentThatNobodyWaitsFor(t *testing.T) {
	for _, row := range []struct {
		name               string
		asked, since, left time.Duration
		over               bool
	}{
		{"a client that says nothing", 0, time.Hour, 0, false},
		{"time is left", time.Second, 400 * time.Millisecond, 600 * time.Millisecond, false},
		{"too little for a reply", time.Second, time.Second - time.Duration(minLeft) + 1, 0, true},
		{"none", time.Second, 2 * time.Second, 0, true},
	} {
		var x sidecar.Exchange
		x.Begin(nil, nil, int64(row.since))
		x.Received, x.Asked = 0, int64(row.asked)
		left, f := Left(&x)
		if left != int64(row.left) || (f != nil) != row.over {
			t.Errorf("%s: %v left, %v", row.name, time.Duration(left), f)
		}
		if f != nil && (f.Reason != sidecar.DeadlineExceeded || !f.Has(sidecar.Unsent)) {
			t.Errorf("%s: %v", row.name, f)
		}
	}
}
