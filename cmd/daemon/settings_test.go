package daemon

import (
	"reflect"
	"testing"
	"time"

	"sidecar/config"
	"sidecar/upstream"
	"sidecar/upstream/limit"
	"sidecar/upstream/retry"
)

func upstreamOf(t *testing.T, text string) upstream.Settings {
	t.Helper()
	f, err := config.Parse("c.toml", []byte("[[listener]]\nname = \"l\"\naddress = \":80\"\nupstream = \"u\"\n"+
		"[upstream.u]\ndiscover = \"tcp://a:1\"\n"+text))
	if err != nil {
		t.Fatal(err)
	}
	return upstreamSettings(f.Upstreams[0])
}

func kinds(t *testing.T, names ...string) retry.Kinds {
	t.Helper()
	k, err := retry.ParseKinds(names)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestWhatIsConfiguredOfRetriesReachesTheCluster(t *testing.T) {
	s := upstreamOf(t, `attempt_timeout = "300ms"
[upstream.u.retry]
max_retries = 3
budget = 0.5
min_per_second = 7
backoff = "20ms"
max_backoff = "40ms"
on = ["connect", "5xx"]
[upstream.u.operation."GET /a"]
[upstream.u.operation."GET /b"]
timeout = "4s"
attempt_timeout = "100ms"
max_retries = 0
on = []
`)
	want := upstream.Retry{
		Rules:   retry.Rules{MaxRetries: 3, On: kinds(t, "connect", "5xx")},
		Backoff: retry.Backoff{Base: 20 * time.Millisecond, Max: 40 * time.Millisecond}, Budget: 0.5, MinPerSecond: 7,
	}
	if !reflect.DeepEqual(s.Retry, want) {
		t.Errorf("got %+v, want %+v", s.Retry, want)
	}
	a, b := s.Operations[0], s.Operations[1]
	if *a.Timeout != 10*time.Second || *a.AttemptTimeout != 300*time.Millisecond || *a.Retry != want.Rules {
		t.Errorf("an operation without settings: %+v, %+v", a, *a.Retry)
	}
	if *b.Timeout != 4*time.Second || *b.AttemptTimeout != 100*time.Millisecond || *b.Retry != (retry.Rules{}) {
		t.Errorf("an operation with its own: %+v, %+v", b, *b.Retry)
	}
}

func TestClientDeadlineHasThreeModes(t *testing.T) {
	for text, want := range map[string]limit.Mode{
		"": limit.Dark, `client_deadline = "dark"`: limit.Dark, `client_deadline = "on"`: limit.On, `client_deadline = "off"`: limit.Off,
	} {
		if got := upstreamOf(t, text).ClientDeadline; got != want {
			t.Errorf("%q: mode %d, want %d", text, got, want)
		}
	}
}
