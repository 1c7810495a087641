package httpthrift

import (
	"fmt"

	"sidecar"
)

// problem is why a request cannot become a call, or a reply no JSON.
type problem struct {
	reason sidecar.Reason
	text   string // for the client
}

func (p *problem) Error() string { return p.text }

// bad is a problem of the request at a place in it.
func (e *encoder) bad(format string, args ...any) *problem {
	at := string(e.path)
	if at == "" {
		at = "the body"
	}
	return &problem{sidecar.BadRequest, at + ": " + fmt.Sprintf(format, args...)}
}

// shown is a client's own text, cut.
func shown(s string) string {
	if len(s) > maxTold {
		return fmt.Sprintf("%.*q and more", maxTold, s)
	}
	return fmt.Sprintf("%q", s)
}
