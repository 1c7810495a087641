package thrift

import "encoding/binary"

// Reader reads the values of one message in place, one after the other: whoever
// calls it knows from what was read last which comes next. It checks lengths,
// counts and types, but not depth: callers that descend count that. What it
// returns are slices of the message.
type Reader struct {
	p  Protocol
	b  []byte
	at int
	// flag is a field's type while that says the value, else 0.
	flag byte
}

// Field is the head of a field. ID says nothing where Type is WireStop.
type Field struct {
	ID   int16
	Type Wire
}

// ReadValues makes a Reader of the values in p that b begins with, such as the
// body of a message.
func ReadValues(p Protocol, b []byte) Reader { return Reader{p: p, b: b} }

// Rest are the bytes that have not been read.
func (r *Reader) Rest() []byte { return r.b[r.at:] }

// Field reads the head of the next field, or the end, of a struct whose last
// field had the id last, 0 if there was none.
func (r *Reader) Field(last int16) (f Field, p *Problem) {
	c, p := r.one()
	if p != nil || c == 0 {
		return f, p
	}
	if r.p != Compact {
		id, p := r.take(2)
		if p != nil {
			return f, p
		}
		return Field{int16(binary.BigEndian.Uint16(id)), Wire(c)}, Wire(c).known()
	}
	f.Type = compactWire(c)
	switch {
	case f.Type == WireStop:
		return f, errStop
	case c >= 1<<4:
		f.ID = last + int16(c>>4)
	default:
		v, p := r.varint(16)
		if p != nil {
			return f, p
		}
		f.ID = int16(unzig(v))
	}
	if f.Type == WireBool {
		r.flag = c & 0x0f
	}
	return f, f.Type.known()
}

// Bool reads a bool. Of the bytes that are neither, the binary protocol's are
// true and the compact one's false, as most libraries have it.
func (r *Reader) Bool() (bool, *Problem) {
	if r.flag != 0 {
		v := r.flag == compactTrue
		r.flag = 0
		return v, nil
	}
	c, p := r.one()
	if r.p == Compact {
		return c == compactTrue, p
	}
	return c != 0, p
}

// Int reads an integer of type t, from WireByte to WireI64.
func (r *Reader) Int(t Wire) (int64, *Problem) {
	if t == WireByte {
		c, p := r.one()
		return int64(int8(c)), p
	}
	if r.p == Compact {
		v, p := r.varint(t.bits())
		return unzig(v), p
	}
	b, p := r.take(t.bits() / 8)
	if p != nil {
		return 0, p
	}
	switch t {
	case WireI16:
		return int64(int16(binary.BigEndian.Uint16(b))), nil
	case WireI32:
		return int64(int32(binary.BigEndian.Uint32(b))), nil
	default:
		return int64(binary.BigEndian.Uint64(b)), nil
	}
}

// Double reads the bits of a double.
func (r *Reader) Double() (uint64, *Problem) {
	b, p := r.take(8)
	switch {
	case p != nil:
		return 0, p
	case r.p == Compact:
		return binary.LittleEndian.Uint64(b), nil
	}
	return binary.BigEndian.Uint64(b), nil
}

// String reads a string or binary.
func (r *Reader) String() ([]byte, *Problem) {
	n, next, p := length(r.p, r.b, r.at)
	if p != nil {
		return nil, whole(p)
	}
	r.at = next
	return r.take(n)
}

// UUID reads the 16 bytes of a uuid.
func (r *Reader) UUID() ([]byte, *Problem) { return r.take(16) }

// Container reads the head of a container of type t.
func (r *Reader) Container(t Wire) (Container, *Problem) {
	c, next, p := containerHead(r.p, r.b, r.at, t)
	if p == nil {
		r.at = next
		p = c.fits(r.p, len(r.b)-next)
	}
	return c, whole(p)
}

// Skip goes past a value of type t, and what is within it to a depth of 64.
func (r *Reader) Skip(t Wire) *Problem {
	if r.flag != 0 {
		r.flag = 0
		return nil
	}
	if n := t.of(fixedIn(r.p)); n > 0 {
		_, p := r.take(n)
		return p
	}
	var w Walker
	w.Start(r.p, len(r.b)-r.at)
	w.open[0] = level{1, WireStop, t}
	n, p := w.Walk(r.b[r.at:])
	if p == errValueSize {
		p = errShort
	}
	r.at += n
	return p
}

// one reads a byte.
func (r *Reader) one() (byte, *Problem) {
	if r.at >= len(r.b) {
		return 0, errShort
	}
	c := r.b[r.at]
	r.at++
	return c, nil
}

// take reads n bytes.
func (r *Reader) take(n int) ([]byte, *Problem) {
	if n > len(r.b)-r.at {
		return nil, errShort
	}
	b := r.b[r.at : r.at+n]
	r.at += n
	return b, nil
}

func (r *Reader) varint(bits int) (uint64, *Problem) {
	v, next, p := uvarint(r.b, r.at, bits)
	r.at = next
	return v, whole(p)
}

// whole is p of a message of which no more bytes come.
func whole(p *Problem) *Problem {
	if p == More {
		return errShort
	}
	return p
}
