package mux

import "encoding/binary"

// kind is the type of a message: T messages ask and are positive, R messages
// answer and are negative (package.scala).
type kind int8

const (
	treq       kind = 1
	rreq       kind = -1
	tdispatch  kind = 2
	rdispatch  kind = -2
	tdrain     kind = 64
	rdrain     kind = -64
	tping      kind = 65
	rping      kind = -65
	tdiscarded kind = 66
	rdiscarded kind = -66
	tlease     kind = 67
	tinit      kind = 68
	rinit      kind = -68
	rerr       kind = -128
	// "Because of an early implementation bug, two aliases exist: 127 is Rerr,
	// and -62 is Tdiscarded." Finagle still sends these and reads both, and
	// servers of its first years read these only. So do we.
	oldRerr       kind = 127
	oldTdiscarded kind = -62
)

const (
	markerTag  = 0         // of messages that have no answer
	controlTag = 1         // of pings, drains and the handshake
	minTag     = 2         // the first of requests
	maxTag     = 1<<23 - 1 // the last of them
	moreBit    = 1 << 23   // in the tag: another fragment of this message follows

	lengthSize = 4              // of the length before a frame
	headSize   = 4              // of type and tag
	frameHead  = lengthSize + 4 // of both
)

// frame is one frame in place: a whole message unless more is set.
type frame struct {
	kind kind
	tag  uint32
	more bool // a fragment, and not the last
	body []byte
	// owned: body is a buffer of its own, which who takes the frame gives back.
	owned bool
}

// readFrame takes the first frame of p. n is how many bytes it has, with its
// length; 0 says that p does not have all of it. limit is the most that may
// follow the length.
func readFrame(p []byte, limit int) (f frame, n int, bad *problem) {
	size, bad := frameSize(p, limit)
	if bad != nil || size == 0 || len(p) < size {
		return frame{}, 0, bad
	}
	f, bad = readMessage(p[lengthSize:size])
	return f, size, bad
}

// frameSize is how many bytes the first frame of p has, with its length; 0 if p
// does not say yet.
func frameSize(p []byte, limit int) (int, *problem) {
	if len(p) < lengthSize {
		return 0, nil
	}
	size := int32(binary.BigEndian.Uint32(p)) //nolint:gosec // read as signed: a negative one is refused
	switch {
	case size < headSize:
		return 0, errFrameSize
	case int(size) > limit:
		return 0, errFrameLarge
	}
	return lengthSize + int(size), nil
}

// readMessage takes a frame without its length apart.
func readMessage(p []byte) (frame, *problem) {
	if len(p) < headSize {
		return frame{}, errShortHead
	}
	head := binary.BigEndian.Uint32(p)
	k := kind(head >> 24) //nolint:gosec // the byte is a signed number
	switch k {
	case oldRerr:
		k = rerr
	case oldTdiscarded:
		k = tdiscarded
	}
	return frame{kind: k, tag: head & maxTag, more: head&moreBit != 0, body: p[headSize:]}, nil
}

// appendHead appends length, type and tag of a frame with a body of so many
// bytes. Rerr and Tdiscarded go out under their old numbers.
func appendHead(dst []byte, k kind, tag uint32, body int) []byte {
	switch k {
	case rerr:
		k = oldRerr
	case tdiscarded:
		k = oldTdiscarded
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(body+headSize))
	return binary.BigEndian.AppendUint32(dst, uint32(uint8(k))<<24|tag&(maxTag|moreBit))
}

// appendEmpty appends a message without a body: pings, drains, Rdiscarded.
func appendEmpty(dst []byte, k kind, tag uint32) []byte { return appendHead(dst, k, tag, 0) }

// appendFrames appends a message whose body is head and payload: one frame if
// that is of at most window bytes or window is 0, else fragments of so many.
func appendFrames(dst []byte, k kind, tag uint32, window int, head, payload []byte) []byte {
	left := len(head) + len(payload)
	for window > 0 && left > window {
		dst = appendHead(dst, k, tag|moreBit, window)
		n := min(window, len(head))
		dst = append(dst, head[:n]...)
		dst = append(dst, payload[:window-n]...)
		head, payload = head[n:], payload[window-n:]
		left -= window
	}
	dst = appendHead(dst, k, tag, left)
	dst = append(dst, head...)
	return append(dst, payload...)
}

// framedSize is what appendFrames appends for a body of so many bytes.
func framedSize(body, window int) int {
	frames := 1
	if window > 0 && body > window {
		frames = (body + window - 1) / window
	}
	return body + frames*frameHead
}

// frameLength is how many bytes the frame that p begins with has, with its
// length, whether it is allowed or not.
func frameLength(p []byte) int { return lengthSize + int(binary.BigEndian.Uint32(p)) }
