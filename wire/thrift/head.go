package thrift

import "encoding/binary"

const (
	versionOne    = 0x8001 // begins the binary protocol's messages
	compactID     = 0x82   // begins the compact protocol's
	compactOne    = 1      // its version, in the low five bits of the next byte
	compactTypeAt = 5      // bits below the message's type there
)

// ParseHead reads the head of the message in p that b begins with. It is cheap
// enough to be called anew with more bytes. The problem is More while the head
// is not whole, and nil when it is there and good.
func ParseHead(p Protocol, b []byte) (Head, *Problem) {
	switch p {
	case Binary:
		return binaryHead(b)
	case Lax:
		return laxHead(b)
	default:
		return compactHead(b)
	}
}

// ProtocolOf says by its first byte which protocol a message is in, false if it
// is in none. That the message is one it does not say.
func ProtocolOf(first byte) (Protocol, bool) {
	switch first {
	case versionOne >> 8:
		return Binary, true
	case compactID:
		return Compact, true
	case 0:
		return Lax, true // the length of a name
	}
	return 0, false
}

func binaryHead(b []byte) (Head, *Problem) {
	if len(b) > 0 && b[0] != versionOne>>8 || len(b) > 1 && b[1] != versionOne&0xff {
		return Head{}, errVersion
	}
	if len(b) < 8 {
		return Head{}, More
	}
	h := Head{Type: Type(b[3]), Name: 8} // the byte before is unused, and ignored
	if p := h.named(uint64(binary.BigEndian.Uint32(b[4:]))); p != nil {
		return Head{}, p
	}
	h.Body = h.NameEnd + 4
	if len(b) < h.Body {
		return Head{}, More
	}
	h.Seq = int32(binary.BigEndian.Uint32(b[h.NameEnd:]))
	return h, h.typed()
}

func laxHead(b []byte) (Head, *Problem) {
	if len(b) < 4 {
		return Head{}, More
	}
	h := Head{Name: 4}
	if p := h.named(uint64(binary.BigEndian.Uint32(b))); p != nil {
		return Head{}, p
	}
	h.Body = h.NameEnd + 5
	if len(b) < h.Body {
		return Head{}, More
	}
	h.Type = Type(b[h.NameEnd])
	h.Seq = int32(binary.BigEndian.Uint32(b[h.NameEnd+1:]))
	return h, h.typed()
}

func compactHead(b []byte) (Head, *Problem) {
	if len(b) > 0 && b[0] != compactID || len(b) > 1 && b[1]&(1<<compactTypeAt-1) != compactOne {
		return Head{}, errCompact
	}
	if len(b) < 2 {
		return Head{}, More
	}
	h := Head{Type: Type(b[1] >> compactTypeAt)}
	// Some libraries write a negative sequence id with the sign of 64 bits.
	seq, at, p := uvarint(b, 2, 64)
	if p != nil {
		return Head{}, p
	}
	h.Seq = int32(seq)
	size, at, p := uvarint(b, at, 32)
	if p != nil {
		return Head{}, p
	}
	h.Name = at
	if p := h.named(size); p != nil {
		return Head{}, p
	}
	h.Body = h.NameEnd
	if len(b) < h.Body {
		return Head{}, More
	}
	return h, h.typed()
}

// named notes how long the name is that begins at h.Name.
func (h *Head) named(size uint64) *Problem {
	if size > maxName {
		return errLongName
	}
	h.NameEnd = h.Name + int(size)
	return nil
}

// typed tells what is wrong with the type. A reply may come without a name, as
// when its server could not read the call's.
func (h *Head) typed() *Problem {
	switch h.Type {
	case CallType, OnewayType:
		if h.Name == h.NameEnd {
			return errNoName
		}
	case ReplyType, ExceptionType:
	default:
		return errType
	}
	return nil
}

// AppendHead writes the head of a message in p.
func AppendHead[S ~string | ~[]byte](dst []byte, p Protocol, t Type, seq int32, name S) []byte {
	switch p {
	case Binary:
		dst = append(dst, versionOne>>8, versionOne&0xff, 0, byte(t))
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(name)))
		dst = append(dst, name...)
		return binary.BigEndian.AppendUint32(dst, uint32(seq))
	case Lax:
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(name)))
		dst = append(dst, name...)
		dst = append(dst, byte(t))
		return binary.BigEndian.AppendUint32(dst, uint32(seq))
	default:
		dst = append(dst, compactID, byte(t)<<compactTypeAt|compactOne)
		dst = appendUvarint(dst, uint64(uint32(seq)))
		dst = appendUvarint(dst, uint64(len(name)))
		return append(dst, name...)
	}
}
