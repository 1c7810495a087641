package http1

import (
	"sidecar"
	"sidecar/wire/told"
)

// faultText is the body of an error reply after so many tries: the reason, what
// can be said without naming a backend, and what each try ended with.
func (a *active) faultText(f *sidecar.Fault, attempts int) string {
	expose := a.srv.set.Load().ExposeBackends
	text := "sidecar: " + f.Reason.String()
	if p, ok := f.Err.(*problem); ok {
		text += ": " + p.text
	} else if f.Err != nil && expose {
		text += ": " + f.Err.Error()
	}
	text += "\n"
	// With no try the record is that of the request before.
	if attempts == 0 || attempts == 1 && a.x.Tries.Last().Reason == f.Reason && !expose {
		return text
	}
	return string(append(told.AppendTries([]byte(text), &a.x.Tries, expose), '\n'))
}

// askedFor is for how long, in whole seconds, the peer whose reply was kept from
// the client wants to be left alone; 0 if it did not say. The client has it from
// us, as it would have had it with the reply.
func (a *active) askedFor(f *sidecar.Fault, attempts int) int64 {
	if attempts == 0 || !f.Has(sidecar.FromPeer) {
		return 0
	}
	const second = 1e9
	return (a.x.Tries.Last().After + second - 1) / second
}
