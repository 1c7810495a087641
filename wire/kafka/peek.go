package kafka

import "encoding/binary"

// peek reads fields from the front of bytes of which more may be to come. Once they
// do not suffice, or say what cannot be, it is out: everything read from then on is
// zero, and callers look at out once, at the end.
type peek struct {
	b   []byte // what is left
	out bool
}

// take is the next n bytes.
func (p *peek) take(n int) []byte {
	if n < 0 || n > len(p.b) {
		p.b, p.out = nil, true
		return nil
	}
	t := p.b[:n]
	p.b = p.b[n:]
	return t
}

func (p *peek) skip(n int) { p.take(n) }

func (p *peek) int8() int8 {
	if t := p.take(1); t != nil {
		return int8(t[0])
	}
	return 0
}

func (p *peek) int16() int16 {
	if t := p.take(2); t != nil {
		return int16(binary.BigEndian.Uint16(t))
	}
	return 0
}

func (p *peek) int32() int32 {
	if t := p.take(4); t != nil {
		return int32(binary.BigEndian.Uint32(t))
	}
	return 0
}

func (p *peek) int64() int64 {
	if t := p.take(8); t != nil {
		return int64(binary.BigEndian.Uint64(t))
	}
	return 0
}

// uvarint is an unsigned varint of 32 bits. It is out for a longer one: no length or
// count is.
func (p *peek) uvarint() uint32 {
	var v uint64
	for i := range 5 {
		if i == len(p.b) {
			break
		}
		c := p.b[i]
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 && v < 1<<32 {
			p.b = p.b[i+1:]
			return uint32(v)
		}
	}
	p.b, p.out = nil, true
	return 0
}

// length is of a string or bytes: -1 is null. In flexible versions it is one more
// than it says, as a varint; else wide bytes.
func (p *peek) length(flexible bool, wide int) int {
	switch {
	case flexible:
		return int(p.uvarint()) - 1
	case wide == 2:
		return int(p.int16())
	}
	return int(p.int32())
}

// text is a string; nil if it is null or empty.
func (p *peek) text(flexible bool) []byte {
	n := p.length(flexible, 2)
	if n <= 0 {
		return nil
	}
	return p.take(n)
}

// count is of an array whose elements have at least least bytes. Not more than there
// is room for, if all is there: nothing is made of what it says alone.
func (p *peek) count(flexible bool) int { return max(p.length(flexible, 4), 0) }

// tags skips tagged fields; versions that are not flexible have none.
func (p *peek) tags(flexible bool) {
	if !flexible {
		return
	}
	for n := p.uvarint(); n > 0 && !p.out; n-- {
		p.uvarint()
		p.skip(int(p.uvarint()))
	}
}
