package sidecar_test

import (
	"errors"
	"io"
	"testing"

	"sidecar"
)

func TestFaultText(t *testing.T) {
	for _, c := range []struct {
		name string
		f    sidecar.Fault
		want string
	}{
		{"nothing known", sidecar.Fault{}, "route: none"},
		{"stage and reason", sidecar.Fault{Stage: sidecar.StagePick, Reason: sidecar.NoEndpoints}, "pick: no_endpoints"},
		{"the peer's code", sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.Status5xx, Code: 503}, "read: status_5xx (503)"},
		{"the cause", sidecar.Fault{Stage: sidecar.StageWrite, Reason: sidecar.PeerClosed, Err: io.EOF}, "write: peer_closed: EOF"},
		{"all", sidecar.Fault{Stage: sidecar.StageDial, Reason: sidecar.BadReply, Code: 7, Err: io.ErrNoProgress},
			"dial: bad_reply (7): multiple Read calls return no data or error"},
		{"out of range", sidecar.Fault{Stage: 200, Reason: 200}, "unknown: unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.f.Error(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestFaultTellsItsFacts(t *testing.T) {
	f := &sidecar.Fault{Flags: sidecar.Unsent | sidecar.Stale, Err: io.EOF}
	if !f.Has(sidecar.Unsent) || !f.Has(sidecar.Unsent|sidecar.Stale) || f.Has(sidecar.Unsent|sidecar.Timeout) || !f.Has(0) {
		t.Errorf("flags %b are told wrongly", f.Flags)
	}
	if !errors.Is(f, io.EOF) {
		t.Error("the cause is not found")
	}
}

func TestFaultOfTellsStrangersAsInternal(t *testing.T) {
	if sidecar.FaultOf(nil) != nil {
		t.Error("no error is a fault")
	}
	f := &sidecar.Fault{Reason: sidecar.PeerReset}
	if sidecar.FaultOf(f) != f {
		t.Error("a fault is not itself")
	}
	got := sidecar.FaultOf(io.ErrClosedPipe)
	if got.Reason != sidecar.Internal || !errors.Is(got, io.ErrClosedPipe) || got.Flags != 0 {
		t.Errorf("got %+v", got)
	}
}

// Dashboards name reasons: no two may share a name and none may lack one.
func TestEveryReasonHasItsName(t *testing.T) {
	seen := map[string]bool{"": true, "unknown": true}
	for r := range sidecar.ReasonCount {
		if seen[r.String()] {
			t.Errorf("reason %d is named %q", r, r)
		}
		seen[r.String()] = true
	}
	if got := sidecar.ReasonCount.String(); got != "unknown" {
		t.Errorf("what is no reason is named %q", got)
	}
}

func TestStageNames(t *testing.T) {
	for s, want := range map[sidecar.Stage]string{
		sidecar.StageRoute: "route", sidecar.StagePick: "pick", sidecar.StageDial: "dial",
		sidecar.StageWrite: "write", sidecar.StageRead: "read", sidecar.StageRead + 1: "unknown",
	} {
		if s.String() != want {
			t.Errorf("stage %d is %q, want %q", s, s, want)
		}
	}
}
