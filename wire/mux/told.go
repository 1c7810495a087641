package mux

import (
	"strconv"

	"sidecar"
	"sidecar/wire/told"
)

// rejected are the contexts of a Nack of our own.
var rejected = failureContexts(Restartable | Rejected) // never changed

// failure is what the client is told of a fault: a Nack where it is proved that
// nothing was executed and another may do better, else an Error.
func (f *flight) failure(fault *sidecar.Fault) Reply {
	f.text = f.srv.appendText(f.text[:0], fault, &f.x)
	if untried(fault, &f.x.Tries) {
		return Reply{Status: Nack, Contexts: rejected, Payload: f.text}
	}
	return Reply{Status: Error, Payload: f.text}
}

// untried tells whether a request that failed may be sent again by its client:
// it reached no backend that may have executed it, and what it met is the
// moment's and not its own.
func untried(f *sidecar.Fault, tries *sidecar.Tries) bool {
	switch f.Reason {
	case sidecar.NoRoute, sidecar.BadRequest, sidecar.TooLarge, sidecar.DeadlineExceeded, sidecar.Internal:
		return false
	}
	if tries.Len() == 0 {
		return true
	}
	kept := 0
	for _, t := range tries.Kept(nil) {
		if kept++; t.Flags&(sidecar.Unsent|sidecar.Rejected) == 0 {
			return false
		}
	}
	return kept == tries.Len() && f.Flags&(sidecar.Unsent|sidecar.Rejected) != 0
}

// appendText says of a fault what its reason is, and after how many tries.
func (srv *Server) appendText(out []byte, f *sidecar.Fault, x *sidecar.Exchange) []byte {
	out = append(append(out, "sidecar: "...), f.Reason.String()...)
	if p, ok := f.Err.(*problem); ok {
		out = append(append(out, ": "...), p.text...)
	} else if f.Err != nil && srv.set.Load().ExposeBackends {
		out = append(append(out, ": "...), f.Err.Error()...)
	} else if cause := told.Cause(f.Err); cause != "" {
		out = append(append(out, ": "...), cause...)
	}
	if n := x.Tries.Len(); n > 0 {
		out = append(strconv.AppendInt(append(out, " (attempts: "...), int64(n), 10), ')')
	}
	return out[:min(len(out), maxWhy)]
}
