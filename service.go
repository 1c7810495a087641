package sidecar

import "context"

// Service performs exchanges.
//
// Do returns when the exchange is over: the reply has been written through to
// the client as it came and nil is returned, or the error (a *Fault) says why
// there is none or why it broke off. So a pending count is a defer, a retry is
// a for loop, and a pool is acquire, defer release, call. Many Do run at once;
// each Exchange is in one Do at a time. ctx lives as long as the client's
// connection and serves libraries only: it carries no per-exchange deadline
// (see Exchange.Interrupt for how a wait ends early).
type Service interface {
	Do(ctx context.Context, x *Exchange) error
}

// ServiceFunc makes a function a Service.
type ServiceFunc func(ctx context.Context, x *Exchange) error

// Do calls f.
func (f ServiceFunc) Do(ctx context.Context, x *Exchange) error { return f(ctx, x) }

// Layer wraps a Service in one concern. A layer's state for one exchange is
// its local variables.
type Layer func(Service) Service

// Stack wraps leaf in layers, the outermost first, so that the list reads in
// the order a request meets it.
func Stack(leaf Service, layers ...Layer) Service {
	for i := len(layers) - 1; i >= 0; i-- {
		leaf = layers[i](leaf)
	}
	return leaf
}

// Message is the request and reply of one exchange as layers see it. Only the
// protocol package that made it opens it (by a type assertion at the far end).
// It is used by the goroutine that owns the exchange only.
type Message interface {
	// Attr is the part of the request that sel names; false if it has none.
	// The bytes are valid until Do returns and must not be changed.
	Attr(sel Selector) ([]byte, bool)
	// Rewind makes sendable again exactly what is neither answered nor
	// possibly executed; false if that cannot be said, for instance because a
	// streamed body is no longer held. Called between two tries.
	Rewind() bool
	// Class is what the finished reply meant, NoClass without one.
	Class() Class
}

// Selector names a part of a request. Protocol packages resolve configured
// names to Selectors when a table is built, so that a misspelt one fails at
// load and the hot path compares no strings.
type Selector struct {
	Attr uint8
	Name string // the rest of the name, e.g. a header's, lower case
}

const (
	// AttrOperation is the text that configured operations are matched
	// against by prefix: "GET /search?q=1", "service:method", "GET".
	AttrOperation uint8 = iota
	// AttrOpName is the name under which an exchange of no configured
	// operation is counted; of few values by nature ("GET", a method name).
	AttrOpName
	// AttrProtocol is the first number that protocol packages use for
	// selectors of their own.
	AttrProtocol uint8 = 8
)
