package why

import (
	"errors"
	"testing"

	"sidecar"
)

type mistake struct{}

func (mistake) Error() string { return "GET /secret is no request" }
func (mistake) Told() string  { return "it is no request" }

func TestCausesQuoteNothingThatAClientSent(t *testing.T) {
	for _, row := range []struct {
		flags sidecar.Flags
		err   error
		want  string
	}{
		{0, nil, ""},
		{0, errors.New("refused"), "refused"},
		{sidecar.FromClient, errors.New("GET /secret"), ""},
		{sidecar.FromClient, mistake{}, "it is no request"},
		{sidecar.FromClient, nil, ""},
	} {
		if got := causeOf(&sidecar.Fault{Flags: row.flags, Err: row.err}); got != row.want {
			t.Errorf("%v: %q, want %q", row.err, got, row.want)
		}
	}
}
