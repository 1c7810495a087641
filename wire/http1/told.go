package http1

import (
	"strconv"

	"sidecar"
)

// maxToldAddress is how many bytes of an endpoint's address an error reply has.
const maxToldAddress = 128

// nobody is the number of what no endpoint did: the entry by which a fallback
// says among the tries that it took over.
const nobody = ^uint64(0)

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
	return string(appendTries([]byte(text), &a.x.Tries, expose))
}

// appendTries appends a line that says of each try, in order, what it ended
// with: "tries: status_5xx 503, peer_reset".
func appendTries(out []byte, t *sidecar.Tries, expose bool) []byte {
	out = append(out, "tries: "...)
	last := 0
	for i, try := range t.Kept(nil) {
		if i > 0 {
			out = append(out, ", "...)
		}
		if gap := try.Number - last - 1; gap > 0 {
			out = append(strconv.AppendInt(out, int64(gap), 10), " more, "...)
		}
		last = try.Number
		if try.ID == nobody {
			out = append(out, "then the fallback"...)
			continue
		}
		out = append(out, try.Reason.String()...)
		if try.Code != 0 {
			out = strconv.AppendInt(append(out, ' '), int64(try.Code), 10)
		}
		if expose {
			out = append(append(out, " at "...), try.Endpoint[:min(len(try.Endpoint), maxToldAddress)]...)
		}
	}
	return append(out, '\n')
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
