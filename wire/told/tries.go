// Package told is how the record of a failed exchange reads to its client,
// whatever protocol carries it. It is for words alone: what may be tried again is
// concluded in upstream/retry, and how a fault is coded is each protocol's.
package told

import (
	"strconv"

	"sidecar"
)

// maxAddress is how many bytes of an endpoint's address a client is told.
const maxAddress = 128

// nobody is the number of what no endpoint did: the entry by which a fallback
// says among the tries that it took over.
const nobody = ^uint64(0)

// AppendTries appends what each try, in order, ended with:
// "tries: status_5xx 503, peer_reset". Addresses are told with expose only.
func AppendTries(out []byte, t *sidecar.Tries, expose bool) []byte {
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
			out = append(append(out, " at "...), try.Endpoint[:min(len(try.Endpoint), maxAddress)]...)
		}
	}
	return out
}
