package told_test

import (
	"errors"
	"fmt"
	"testing"

	"sidecar"
	"sidecar/wire/told"
)

type plain struct{}

func (plain) Error() string { return "10.0.0.1 is gone" }
func (plain) Told() string  { return "it is gone" }

func TestClientsReadOnlyWhatNamesNoBackend(t *testing.T) {
	for _, row := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{errors.New("10.0.0.1 is gone"), ""},
		{plain{}, "it is gone"},
		{fmt.Errorf("dial 10.0.0.1: %w", plain{}), "it is gone"},
		{&sidecar.Fault{Err: plain{}}, "it is gone"},
	} {
		if got := told.Cause(row.err); got != row.want {
			t.Errorf("%v: told %q, want %q", row.err, got, row.want)
		}
	}
}

func TestEachReasonHasWords(t *testing.T) {
	for r := range sidecar.ReasonCount {
		if told.Meaning(r) == "" {
			t.Errorf("%v has none", r)
		}
	}
	if got := told.Meaning(sidecar.DeadlineExceeded); got != "there was no reply in time" {
		t.Errorf("deadline: %q", got)
	}
}
