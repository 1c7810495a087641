package mux

import (
	"encoding/binary"
	"time"
)

// initVersion is the only version of sessions that Finagle speaks.
const initVersion = 1

// initCheck is the text of the Rerr with which a client asks whether the server
// knows Tinit: who does echoes it, who does not answers otherwise (Handshake).
const initCheck = "tinit check"

// framerHeader of a Tinit or Rinit says the most bytes of a body that who sends
// it wants in one frame.
const framerHeader = "mux-framer"

// greeting is what a Tinit or Rinit says.
type greeting struct {
	version uint16
	window  int // of mux-framer, 0 for any
	// headers are all of them in place: key and value, each with a length of
	// four bytes.
	headers []byte
}

// readInit takes the body of a Tinit or Rinit apart, in place.
func readInit(body []byte) (g greeting, bad *problem) {
	if len(body) < 2 {
		return g, errInit
	}
	g.version, g.headers = binary.BigEndian.Uint16(body), body[2:]
	rest := g.headers
	for n := 0; len(rest) > 0; n++ {
		if n == maxHeaders {
			return g, errManyHeaders
		}
		var key, val []byte
		var ok bool
		if key, rest, ok = cutLong(rest); !ok {
			return g, errInit
		}
		if val, rest, ok = cutLong(rest); !ok {
			return g, errInit
		}
		if string(key) != framerHeader {
			continue
		}
		if len(val) != 4 {
			return g, errFramer
		}
		w := int32(binary.BigEndian.Uint32(val)) //nolint:gosec // signed, as Finagle reads it
		if w < minWindow {
			return g, errFramer
		}
		g.window = int(w)
	}
	return g, nil
}

// appendInit appends a Tinit or Rinit with that window, 0 for none to be said.
func appendInit(dst []byte, k kind, tag uint32, window int) []byte {
	size := 2
	if window > 0 {
		size += 4 + len(framerHeader) + 4 + 4
	}
	dst = appendHead(dst, k, tag, size)
	dst = binary.BigEndian.AppendUint16(dst, initVersion)
	if window > 0 {
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(framerHeader)))
		dst = append(dst, framerHeader...)
		dst = binary.BigEndian.AppendUint32(dst, 4)
		dst = binary.BigEndian.AppendUint32(dst, uint32(window)) //nolint:gosec // configured, and over 0
	}
	return dst
}

// cutLong takes bytes with a length of four bytes before them.
func cutLong(p []byte) (val, rest []byte, ok bool) {
	if len(p) < 4 {
		return nil, nil, false
	}
	n := binary.BigEndian.Uint32(p)
	if uint64(n) > uint64(len(p)-4) {
		return nil, nil, false
	}
	return p[4 : 4+n], p[4+n:], true
}

// appendError appends an Rerr.
func appendError(dst []byte, tag uint32, why string) []byte {
	why = why[:min(len(why), maxWhy)]
	return append(appendHead(dst, rerr, tag, len(why)), why...)
}

// readDiscarded takes the body of a Tdiscarded apart.
func readDiscarded(body []byte) (tag uint32, why []byte, bad *problem) {
	if len(body) < 3 {
		return 0, nil, errDiscarded
	}
	return uint32(body[0])<<16 | uint32(body[1])<<8 | uint32(body[2]), body[3:], nil
}

// appendDiscarded appends a Tdiscarded of the request with that tag.
func appendDiscarded(dst []byte, tag uint32, why string) []byte {
	why = why[:min(len(why), maxWhy)]
	dst = appendHead(dst, tdiscarded, markerTag, 3+len(why))
	return append(append(dst, byte(tag>>16), byte(tag>>8), byte(tag)), why...)
}

// leaseMillis is the only unit of leases that means something.
const leaseMillis = 0

// readLease is how long a Tlease lasts. ok is false for a unit that is unknown,
// which says nothing.
func readLease(body []byte) (d time.Duration, ok bool, bad *problem) {
	if len(body) < 9 {
		return 0, false, errLease
	}
	ms := binary.BigEndian.Uint64(body[1:])
	return time.Duration(min(ms, uint64(maxAskedFor/time.Millisecond))) * time.Millisecond, body[0] == leaseMillis, nil
}

// appendLease appends a Tlease.
func appendLease(dst []byte, d time.Duration) []byte {
	dst = append(appendHead(dst, tlease, markerTag, 9), leaseMillis)
	return binary.BigEndian.AppendUint64(dst, uint64(max(d, 0)/time.Millisecond))
}
