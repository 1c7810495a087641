package sidecar_test

import (
	"testing"

	"sidecar"
)

func TestClasses(t *testing.T) {
	for _, c := range []struct {
		class  sidecar.Class
		name   string
		failed bool
	}{
		{sidecar.NoClass, "none", false},
		{sidecar.Success, "success", false},
		{sidecar.ClientError, "client_error", false},
		{sidecar.Failure, "failure", true},
		{sidecar.Unavailable, "unavailable", true},
		{sidecar.Overload, "overload", false},
		{sidecar.Shed, "shed", false},
		{sidecar.Shed + 1, "unknown", false},
	} {
		if c.class.String() != c.name || c.class.Failed() != c.failed {
			t.Errorf("class %d is %q, failed %v; want %q, %v", c.class, c.class, c.class.Failed(), c.name, c.failed)
		}
		alone := sidecar.Classes(c.class)
		for o := sidecar.NoClass; o <= sidecar.Shed; o++ {
			if alone.Has(o) != (o == c.class) {
				t.Errorf("the set of %v: has %v is %v", c.class, o, alone.Has(o))
			}
		}
	}
	if s := sidecar.Classes(sidecar.Failure, sidecar.Overload, sidecar.Failure); !s.Has(sidecar.Failure) || !s.Has(sidecar.Overload) || s.Has(sidecar.Success) {
		t.Errorf("set %b", s)
	}
	if sidecar.Classes() != 0 || sidecar.Classes().Has(sidecar.NoClass) {
		t.Error("the empty set has something")
	}
}

func TestStatusWorseIsLarger(t *testing.T) {
	if max(sidecar.Open, sidecar.Busy, sidecar.Closed) != sidecar.Closed || max(sidecar.Open, sidecar.Busy) != sidecar.Busy {
		t.Error("the worst of several is not their maximum")
	}
	if sidecar.Open.String() != "open" || sidecar.Busy.String() != "busy" || sidecar.Closed.String() != "closed" {
		t.Errorf("named %q, %q, %q", sidecar.Open, sidecar.Busy, sidecar.Closed)
	}
}
