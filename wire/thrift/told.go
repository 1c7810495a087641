package thrift

import (
	"sidecar"
	"sidecar/wire/told"
)

// exception is the reply that tells of the fault f of the call m after so many
// tries: "sidecar: REASON: text (tries: ...)".
func (t *turn) exception(f *sidecar.Fault, m *parcel, attempts int) []byte {
	expose := t.srv.set.Load().ExposeBackends
	text := append([]byte("sidecar: "), f.Reason.String()...)
	if p, ok := f.Err.(*Problem); ok {
		text = append(append(text, ": "...), p.text...)
	} else if cause := told.Cause(f.Err); cause != "" && !expose {
		text = append(append(text, ": "...), cause...)
	} else if f.Err != nil && expose {
		text = append(append(text, ": "...), f.Err.Error()...)
	}
	// With no try the record is that of the call before.
	if attempts > 1 || attempts == 1 && (expose || t.x.Tries.Last().Reason != f.Reason) {
		text = append(told.AppendTries(append(text, " ("...), &t.x.Tries, expose), ')')
	}
	return exceptionTo(m, kindOf(f), string(text))
}

// kindOf is the kind of exception by which a caller is told of f.
func kindOf(f *sidecar.Fault) Kind {
	switch f.Reason {
	case sidecar.NoRoute:
		return UnknownMethod
	case sidecar.BadRequest:
		if p, ok := f.Err.(*Problem); ok {
			return p.Kind
		}
		return ProtocolError
	case sidecar.TooLarge:
		return ProtocolError
	}
	return InternalError
}
