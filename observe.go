package sidecar

// Outcome is what became of one request inside a Session.
type Outcome struct {
	Class    Class
	Reason   Reason
	Duration int64 // nanoseconds
	Out, In  int64 // bytes to and from the backend
}

// Observer is told of the requests inside a Session. Observe may be called by
// several goroutines at once.
type Observer interface {
	Observe(op Op, o Outcome)
}

// Watch puts o on a session for the time of a layer's inner Do; Unwatch, which
// the layer defers, takes the latest off again.
func (x *Exchange) Watch(o Observer) { x.observers = append(x.observers, o) }

// Unwatch takes off what Watch put on last.
func (x *Exchange) Unwatch() { x.observers = x.observers[:len(x.observers)-1] }

// Observe tells every watching layer of one request inside the session. The
// leaf and its helper may call it at once.
func (x *Exchange) Observe(op Op, o Outcome) {
	for _, w := range x.observers {
		w.Observe(op, o)
	}
}
