package redis

import (
	"fmt"
	"testing"
)

func TestTheLatestConfigurationOfSentinelsCounts(t *testing.T) {
	for _, c := range []struct {
		name    string
		reports []report
		want    string
	}{
		{"all alike", []report{{master: "a:1", epoch: 1, replicas: []string{"b:1"}}, {master: "a:1", epoch: 1, replicas: []string{"c:1", "b:1"}}}, "{a:1 1 [b:1 c:1] 2 false}"},
		{"one is later", []report{{master: "a:1", epoch: 1}, {master: "b:1", epoch: 2, replicas: []string{"b:1", "c:1"}}, {master: "a:1", epoch: 1}}, "{b:1 2 [c:1] 1 false}"},
		{"most of one epoch", []report{{master: "a:1", epoch: 2}, {master: "b:1", epoch: 2}, {master: "b:1", epoch: 2}}, "{b:1 2 [] 2 false}"},
	} {
		if got := fmt.Sprint(elect(c.reports)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	for _, c := range []struct {
		epoch, known, reports, sentinels int
		want                             bool
	}{
		{2, 2, 1, 3, false}, {1, 2, 1, 3, true}, {0, 9, 2, 3, false}, {3, 2, 1, 3, false}, {1, 2, 1, 2, true},
	} {
		if got := (election{epoch: c.epoch}).outdated(c.known, c.reports, c.sentinels); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestReportsOfSentinelsAreRead(t *testing.T) {
	r := report{from: "s:26379"}
	if err := r.parseMaster([]any{"name", "m", "config-epoch", "7"}, []any{"::1", "6379"}); err != nil || r.master != "[::1]:6379" || r.epoch != 7 {
		t.Error(err, r)
	}
	r.parseReplicas([]any{
		[]any{"ip", "10.0.0.1", "port", "1", "flags", "slave", "master-link-status", "ok"},
		[]any{"ip", "10.0.0.2", "port", "1", "flags", "s_down,slave", "master-link-status", "ok"},
		[]any{"ip", "10.0.0.3", "port", "1", "flags", "slave", "master-link-status", "err"},
		[]any{"ip", "10.0.0.4", "port", "1", "flags", "slave,disconnected", "master-link-status", "ok"},
		"x",
	})
	r.parseSentinels([]any{[]any{"ip", "10.0.0.9", "port", "26379"}, nil})
	if fmt.Sprint(r.replicas, r.sentinels) != "[10.0.0.1:1] [10.0.0.9:26379]" {
		t.Error(r)
	}
	for _, bad := range []any{nil, []any{"a"}, []any{"a", "x"}, []any{"a b", "1"}} {
		if (&report{from: "s:1"}).parseMaster(nil, bad) == nil {
			t.Error(bad)
		}
	}
}

func TestEventsAreOfOneMaster(t *testing.T) {
	for event, want := range map[string]bool{
		"m 10.0.0.1 1 10.0.0.2 1":                     true,
		"master m 10.0.0.1 1":                         true,
		"slave 10.0.0.2:1 10.0.0.2 1 @ m 10.0.0.1 1":  true,
		"sentinel abc 10.0.0.9 26379 @ mm 10.0.0.1 1": false,
		"other 10.0.0.1 1 10.0.0.2 1":                 false,
		"slave m 10.0.0.2 1 @ other 10.0.0.1 1":       false,
		"":                                            false,
		"master":                                      false,
		"slave 10.0.0.2:1 10.0.0.2 1 @":               false,
	} {
		if about(event, "m") != want {
			t.Errorf("%q: %v", event, !want)
		}
	}
}
