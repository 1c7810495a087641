package mux

// SniffBytes is how many bytes of a connection always decide whether a Mux
// client is at its other end.
const SniffBytes = frameHead

// Sniff tells whether the first bytes of a connection are of a Mux client, once
// that is decided. A framed call of Thrift's strict binary protocol reads as an
// Rerr of a high tag: whoever serves both asks about Thrift first.
func Sniff(b []byte) (is, decided bool) {
	if len(b) < SniffBytes {
		return false, len(b) > 0 && b[0] > 0x7f // no frame has a negative length
	}
	if _, bad := frameSize(b, 1<<31-1); bad != nil {
		return false, true
	}
	f, _ := readMessage(b[lengthSize:])
	switch f.kind {
	case treq, tdispatch, tdrain, tping, tdiscarded, tlease, tinit:
		return true, true
	case rerr: // "tinit check", with which Finagle's clients begin
		return f.tag <= controlTag, true
	}
	return false, true
}
