package daemon

import (
	"testing"
	"time"

	"sidecar/config"
)

func TestWhatIsSlowIsSetOrHalfTheTimeout(t *testing.T) {
	for _, c := range []struct {
		name          string
		slow, timeout time.Duration
		want          time.Duration
	}{
		{"set", 10 * time.Millisecond, 10 * time.Second, 10 * time.Millisecond},
		{"half of the timeout", 0, 10 * time.Second, 5 * time.Second},
		{"not less than a second", 0, 100 * time.Millisecond, time.Second},
		{"without a timeout", 0, 0, time.Second},
	} {
		if got := slowAfter(config.Upstream{Timeouts: config.Timeouts{Slow: c.slow, Timeout: c.timeout}}); got != int64(c.want) {
			t.Errorf("%s: got %v, want %v", c.name, time.Duration(got), c.want)
		}
	}
}
