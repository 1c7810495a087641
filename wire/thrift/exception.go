package thrift

import "sidecar"

// Exception is a TApplicationException: what the body of a message of type
// EXCEPTION says.
type Exception struct {
	Kind    Kind
	Message []byte // of the message that it was read from
}

// ParseException reads the body in p of an EXCEPTION. Fields that it does not
// know are left out; one that lacks its type is UnknownKind.
func ParseException(p Protocol, body []byte) (Exception, *Problem) {
	var e Exception
	r := ReadValues(p, body)
	for last := int16(0); ; {
		f, problem := r.Field(last)
		if problem != nil || f.Type == WireStop {
			return e, problem
		}
		switch {
		case f.ID == 1 && f.Type == WireString:
			e.Message, problem = r.String()
		case f.ID == 2 && f.Type == WireI32:
			var v int64
			v, problem = r.Int(WireI32)
			e.Kind = Kind(v)
		default:
			problem = r.Skip(f.Type)
		}
		if problem != nil {
			return e, problem
		}
		last = f.ID
	}
}

// AppendException writes a whole EXCEPTION in p: the answer to a call of this
// name and sequence id.
func AppendException[S ~string | ~[]byte](dst []byte, p Protocol, seq int32, name S, k Kind, text string) []byte {
	w := WriteValues(p, AppendHead(dst, p, ExceptionType, seq, name))
	w.Field(0, Field{1, WireString})
	w.size(len(text))
	w.b = append(w.b, text...)
	w.Field(1, Field{2, WireI32})
	w.Int(WireI32, int64(k))
	w.Stop()
	return w.b
}

// ClassOf is what an EXCEPTION of kind k says of the call and of who answered.
func ClassOf(k Kind) sidecar.Class {
	switch k {
	case UnknownMethod, InvalidMessageType, WrongMethodName, InvalidTransform,
		InvalidProtocol, UnsupportedClientType, ProtocolError:
		return sidecar.ClientError
	case LoadShedding:
		return sidecar.Shed
	case TimedOut:
		return sidecar.Unavailable
	default:
		return sidecar.Failure
	}
}
