package thrift

import "encoding/binary"

// Verdict is what the first bytes of a connection are.
type Verdict uint8

// The verdicts.
const (
	// Undecided: more bytes are needed, at most SniffBytes in all.
	Undecided Verdict = iota
	// IsThrift: a message of Thrift begins here.
	IsThrift
	// NotThrift: none does.
	NotThrift
)

// SniffBytes is how many bytes are always enough to decide.
const SniffBytes = 64

// Sniff says by a connection's first bytes how its client speaks Thrift. It is
// given the same bytes and more until it decides.
//
// A framed strict CALL or ONEWAY reads as a Mux Rerr of tag 65537 or 65540,
// which no client begins with: whoever looks for Mux asks here first. The
// unframed lax protocol begins with the length of a name, which is a frame's
// length just as well: the name decides, all of which that is at hand must be
// printable.
func Sniff(b []byte) (Encoding, Verdict) {
	if len(b) == 0 {
		return Encoding{}, Undecided
	}
	switch p, ok := ProtocolOf(b[0]); {
	case ok && p != Lax:
		return Encoding{Unframed, p}, sniffHead(p, b)
	case b[0] > maxSize>>24:
		return Encoding{}, NotThrift
	case len(b) <= FrameHead:
		return Encoding{}, Undecided
	}
	size, problem := FrameSize(b, maxSize)
	if problem != nil {
		return Encoding{}, NotThrift
	}
	inner := b[FrameHead:]
	switch p, ok := ProtocolOf(inner[0]); {
	case inner[0] == headerMagic>>8:
		return sniffHeader(inner)
	case ok && p == Lax:
		return Encoding{Framed, Lax}, sniffLax(inner, size)
	case ok:
		return Encoding{Framed, p}, sniffHead(p, inner)
	}
	return Encoding{Unframed, Lax}, sniffLax(b, maxSize)
}

// sniffHead looks at what a strict binary or compact message begins with: its
// first byte, a version and a type. What is wrong with the rest of its head is
// for the server to tell.
func sniffHead(p Protocol, b []byte) Verdict {
	good, t := true, byte(CallType)
	switch {
	case len(b) < 2:
		return Undecided
	case p == Compact:
		good, t = b[1]&(1<<compactTypeAt-1) == compactOne, b[1]>>compactTypeAt
	case b[1] != versionOne&0xff:
		good = false
	case len(b) < 4:
		return Undecided
	default:
		t = b[3]
	}
	if good && asks(Type(t)) {
		return IsThrift
	}
	return NotThrift
}

// sniffLax looks at the head of a lax message that may take size bytes.
func sniffLax(b []byte, size int) Verdict {
	if len(b) < 4 {
		return Undecided
	}
	name := maxName + 1
	if n := binary.BigEndian.Uint32(b); n <= maxName {
		name = int(n)
	}
	if name == 0 || name > maxName || name+9 > size {
		return NotThrift
	}
	b = b[:min(len(b), SniffBytes-FrameHead)]
	for i, c := range b[4:] {
		switch {
		case i == name:
			if asks(Type(c)) {
				return IsThrift
			}
			return NotThrift
		case c <= ' ' || c > '~':
			return NotThrift
		}
	}
	if len(b) == SniffBytes-FrameHead {
		return IsThrift // half a hundred bytes of text behind a length of text
	}
	return Undecided
}

// sniffHeader looks at a THeader's first bytes, behind the frame's length.
func sniffHeader(b []byte) (Encoding, Verdict) {
	switch {
	case len(b) < 2:
		return Encoding{}, Undecided
	case b[1] != headerMagic&0xff:
		return Encoding{}, NotThrift
	case len(b) <= headerFixed:
		return Encoding{}, Undecided
	case b[headerFixed] == headerCompact:
		return Encoding{Header, Compact}, IsThrift
	}
	return Encoding{Header, Binary}, IsThrift
}

// asks tells whether clients send messages of type t.
func asks(t Type) bool { return t == CallType || t == OnewayType }
