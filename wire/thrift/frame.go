package thrift

import "encoding/binary"

// FrameHead is how many bytes stand before a framed message: its length.
const FrameHead = 4

// FrameSize is the length that the frame which b begins with announces, without
// the four bytes that say it. It is at most limit bytes. The problem is More while
// those four are not there.
func FrameSize(b []byte, limit int) (int, *Problem) {
	if len(b) < FrameHead {
		return 0, More
	}
	size := binary.BigEndian.Uint32(b)
	switch {
	case size > maxSize:
		return 0, errFrameSign
	case int(size) > limit:
		return 0, errFrameSize
	case size == 0:
		return 0, errFrameEmpty
	}
	return int(size), nil
}

// OpenFrame leaves room in dst for the length of a frame whose bytes are
// appended next; CloseFrame with the length of dst before it writes it.
func OpenFrame(dst []byte) []byte { return append(dst, 0, 0, 0, 0) }

// CloseFrame ends the frame that OpenFrame began at dst[start:].
func CloseFrame(dst []byte, start int) {
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-FrameHead))
}
