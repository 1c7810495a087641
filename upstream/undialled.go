package upstream

import (
	"context"
	"errors"
	"slices"
	"strings"

	"sidecar"
	"sidecar/upstream/breaker"
)

// maxTold is how much of an error is told of an endpoint.
const maxTold = 300

// dialled notes how a dial ended, for people: a wrong password reads as any other
// connect failure by its reason. What we ended ourselves says nothing.
func (e *endpoint) dialled(ctx context.Context, err error) {
	switch {
	case err == nil:
		if e.undialled.Load() != nil {
			e.undialled.Store(nil)
		}
	case ctx.Err() != context.Canceled:
		text := err.Error()
		var f *sidecar.Fault
		if errors.As(err, &f) && f.Err != nil {
			text = f.Err.Error()
		}
		text = text[:min(len(text), maxTold)]
		e.undialled.Store(&text)
	}
}

// dialError is why the latest dial failed, "" if it did not.
func (e *endpoint) dialError() string {
	if text := e.undialled.Load(); text != nil {
		return *text
	}
	return ""
}

// cause is what the log says beside that reason. A server of another protocol
// fails in its first words, which counts as a request's failure.
func (e *endpoint) cause(reason string) string {
	if reason != breaker.Connect && reason != breaker.Consecutive {
		return ""
	}
	return e.dialError()
}

// said joins what there is to say.
func said(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "; ")
}
