package upstream

import (
	"context"
	"errors"
	"strings"
	"testing"

	"sidecar"
	"sidecar/upstream/breaker"
)

func TestWhyADialFailedIsTold(t *testing.T) {
	e := new(endpoint)
	if e.dialError() != "" {
		t.Error("told before any dial")
	}
	e.dialled(t.Context(), &sidecar.Fault{Stage: sidecar.StageDial, Reason: sidecar.ConnectFailed, Err: errors.New("WRONGPASS no")})
	for _, reason := range []string{breaker.Connect, breaker.Consecutive} {
		if got := e.cause(reason); got != "WRONGPASS no" {
			t.Errorf("%s: told %q", reason, got)
		}
	}
	if got := e.cause("5xx"); got != "" {
		t.Errorf("told %q of something else", got)
	}
	over, end := context.WithCancel(t.Context())
	end()
	e.dialled(over, context.Canceled)
	if got := e.dialError(); got != "WRONGPASS no" {
		t.Errorf("then %q", got)
	}
	e.dialled(t.Context(), errors.New(strings.Repeat("x", 2*maxTold)))
	if n := len(e.dialError()); n != maxTold {
		t.Errorf("%d bytes are told", n)
	}
	e.dialled(t.Context(), nil)
	if got := e.dialError(); got != "" {
		t.Errorf("after a dial that worked: %q", got)
	}
}
