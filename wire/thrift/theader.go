package thrift

import "encoding/binary"

const (
	headerMagic   = 0x0fff
	headerFixed   = 10 // bytes before the variable part: magic, flags, sequence id, size
	headerWord    = 4  // what the size counts, and the variable part is padded to
	headerBinary  = 0
	headerCompact = 2
	infoKeyValue  = 1 // the block of fields
)

// Transform is how a THeader's payload was packed.
type Transform uint8

// The transforms that are known here. HMAC (2) is not; HeaderFormat.md has no
// others.
const (
	Zlib   Transform = 1
	Snappy Transform = 3
)

// Steps are the transforms of a payload in the order in which they were applied.
type Steps struct {
	n   uint8
	ids [maxSteps]Transform
}

// StepsOf are these transforms. More than four are cut.
func StepsOf(ts ...Transform) Steps {
	var s Steps
	s.n = uint8(copy(s.ids[:], ts))
	return s
}

// All are the transforms in s.
func (s *Steps) All() []Transform { return s.ids[:s.n] }

// THeader is what stands in a frame of the Header transport.
type THeader struct {
	Flags    uint16
	Seq      int32 // of the frame; the message within has its own
	Protocol Protocol
	Steps    Steps
	Info     []byte // the fields: see AppendInfo
	Payload  []byte // as it was packed by Steps
}

// ParseTHeader reads a whole frame without its length. Slices are of frame.
// Blocks of information other than the first of keys and values are passed over,
// as the format wants it.
func ParseTHeader(frame []byte) (h THeader, p *Problem) {
	if len(frame) < headerFixed {
		return h, errShort
	}
	if binary.BigEndian.Uint16(frame) != headerMagic {
		return h, errMagic
	}
	h.Flags = binary.BigEndian.Uint16(frame[2:])
	h.Seq = int32(binary.BigEndian.Uint32(frame[4:]))
	size := headerWord * int(binary.BigEndian.Uint16(frame[8:]))
	if size > len(frame)-headerFixed {
		return h, errHeader
	}
	h.Payload = frame[headerFixed+size:]
	return h, h.variable(frame[headerFixed : headerFixed+size])
}

// variable reads the part of which the header says the size.
func (h *THeader) variable(b []byte) *Problem {
	id, at, p := uvarint(b, 0, 32)
	if p != nil {
		return errHeader
	}
	switch id {
	case headerBinary:
		h.Protocol = Binary
	case headerCompact:
		h.Protocol = Compact
	default:
		return errProtocolID
	}
	n, at, p := uvarint(b, at, 32)
	if p != nil {
		return errHeader
	}
	for range min(n, maxSteps+1) {
		id, at, p = uvarint(b, at, 32)
		t := Transform(min(id, 0xff))
		switch {
		case p != nil:
			return errHeader
		case t == 0: // Apache's libraries have it as a transform that does nothing
			continue
		case int(h.Steps.n) == maxSteps || t != Zlib && t != Snappy:
			return errTransform
		}
		h.Steps.ids[h.Steps.n] = t
		h.Steps.n++
	}
	if n > maxSteps {
		return errTransform
	}
	if at < len(b) && b[at] == infoKeyValue { // else padding, or what nobody needs
		h.Info, p = infoBlock(b, at+1)
	}
	return p
}

// AppendTHeader writes the frame's contents up to the payload: the caller
// appends that, packed by h.Steps, and closes the frame. h.Payload is not read.
func AppendTHeader(dst []byte, h *THeader) ([]byte, *Problem) {
	dst = binary.BigEndian.AppendUint16(dst, headerMagic)
	dst = binary.BigEndian.AppendUint16(dst, h.Flags)
	dst = binary.BigEndian.AppendUint32(dst, uint32(h.Seq))
	start := len(dst) + 2
	id := byte(headerBinary)
	if h.Protocol == Compact {
		id = headerCompact
	}
	dst = append(dst, 0, 0, id, h.Steps.n)
	for _, t := range h.Steps.All() {
		dst = append(dst, byte(t))
	}
	if n := countInfo(h.Info); n > 0 {
		dst = appendUvarint(append(dst, infoKeyValue), uint64(n))
		dst = append(dst, h.Info...)
	}
	for (len(dst)-start)%headerWord != 0 {
		dst = append(dst, 0)
	}
	size := len(dst) - start
	if size > maxInfo {
		return dst, errInfoLength
	}
	binary.BigEndian.PutUint16(dst[start-2:], uint16(size/headerWord))
	return dst, nil
}
