package resp

import (
	"strconv"

	"sidecar"
	"sidecar/wire/told"
)

// appendFault writes a failed exchange as the reply to one of its commands. It
// names the reason and how often it was tried, and a backend's address only if
// that is allowed (expose).
func appendFault(dst []byte, f *sidecar.Fault, tries *sidecar.Tries, expose bool) []byte {
	dst = append(dst, "-ERR sidecar: "...)
	dst = append(dst, f.Reason.String()...)
	text := told.Meaning(f.Reason)
	if cause := told.Cause(f); cause != "" {
		text = cause
	}
	if text != f.Reason.String() {
		dst = append(dst, ' ')
		dst = appendText(dst, text)
	}
	if tries != nil && tries.Len() > 0 {
		dst = append(dst, " (attempts: "...)
		dst = strconv.AppendInt(dst, int64(tries.Len()), 10)
		if expose {
			dst = append(dst, "; "...)
			dst = appendText(dst, told.AppendTries(nil, tries, true))
		}
		dst = append(dst, ')')
	}
	return append(dst, '\r', '\n')
}
