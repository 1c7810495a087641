package announce

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"sidecar/discovery/zk"
	"sidecar/varz"
)

// A wrong path or port of the check would else keep a service out without a word
// in the log: it never was well, so that it does not become unwell.
func TestACheckThatFailsFromTheBeginningIsToldOnce(t *testing.T) {
	var log strings.Builder
	a, err := New(Params{
		Name: "web", Member: zk.Announcement{Service: "10.0.0.5:80", Shard: -1}, Check: Check{Kind: CheckHTTP},
		Registry: new(varz.Registry), Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	h := health{rise: 1, fall: 2}
	bad := errors.New("GET /health: status 404")
	a.judge(&h, bad)
	a.judge(&h, bad)
	a.judge(&h, bad)
	if n := strings.Count(log.String(), "level=WARN"); n != 1 || !strings.Contains(log.String(), "not announced until it passes") || !strings.Contains(log.String(), "status 404") {
		t.Errorf("the log has %s", log.String())
	}
	a.judge(&h, nil)
	a.judge(&h, bad)
	a.judge(&h, bad)
	if n := strings.Count(log.String(), "level=WARN"); n != 2 || !strings.Contains(log.String(), "it is withdrawn") {
		t.Errorf("the log has %s", log.String())
	}
}
