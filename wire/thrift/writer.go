package thrift

import "encoding/binary"

// Writer writes values behind each other, the way back from Reader. Nothing is
// checked: what it is asked to write is what a message has in that place.
type Writer struct {
	p Protocol
	b []byte
}

// WriteValues makes a Writer that appends to dst in p.
func WriteValues(p Protocol, dst []byte) Writer { return Writer{p, dst} }

// Bytes are dst with what was written.
func (w *Writer) Bytes() []byte { return w.b }

// Field writes the head of a field, which is not a bool, of a struct whose last
// field had the id last, 0 if there was none.
func (w *Writer) Field(last int16, f Field) {
	if w.p != Compact {
		w.b = append(w.b, byte(f.Type), byte(uint16(f.ID)>>8), byte(f.ID))
		return
	}
	w.compactField(last, f.ID, toCompact[f.Type])
}

// BoolField writes a whole field.
func (w *Writer) BoolField(last, id int16, v bool) {
	switch {
	case w.p != Compact:
		w.b = append(w.b, byte(WireBool), byte(uint16(id)>>8), byte(id))
		w.Bool(v)
	case v:
		w.compactField(last, id, compactTrue)
	default:
		w.compactField(last, id, compactFalse)
	}
}

func (w *Writer) compactField(last, id int16, t byte) {
	if delta := int(id) - int(last); delta >= 1 && delta <= 15 {
		w.b = append(w.b, byte(delta)<<4|t)
		return
	}
	w.b = appendUvarint(append(w.b, t), zigzag(int64(id)))
}

// Stop ends a struct.
func (w *Writer) Stop() { w.b = append(w.b, 0) }

// Bool writes an element.
func (w *Writer) Bool(v bool) {
	switch {
	case v:
		w.b = append(w.b, 1) // compactTrue, too
	case w.p == Compact:
		w.b = append(w.b, compactFalse)
	default:
		w.b = append(w.b, 0)
	}
}

// Int writes an integer of type t, from WireByte to WireI64.
func (w *Writer) Int(t Wire, v int64) {
	switch {
	case t == WireByte:
		w.b = append(w.b, byte(v))
	case w.p == Compact:
		w.b = appendUvarint(w.b, zigzag(v))
	case t == WireI16:
		w.b = binary.BigEndian.AppendUint16(w.b, uint16(v))
	case t == WireI32:
		w.b = binary.BigEndian.AppendUint32(w.b, uint32(v))
	default:
		w.b = binary.BigEndian.AppendUint64(w.b, uint64(v))
	}
}

// Double writes a double of these bits.
func (w *Writer) Double(bits uint64) {
	if w.p == Compact {
		w.b = binary.LittleEndian.AppendUint64(w.b, bits)
		return
	}
	w.b = binary.BigEndian.AppendUint64(w.b, bits)
}

// String writes a string or binary.
func (w *Writer) String(v []byte) {
	w.size(len(v))
	w.b = append(w.b, v...)
}

// UUID writes the 16 bytes of a uuid.
func (w *Writer) UUID(v []byte) { w.b = append(w.b, v...) }

// Container writes the head of a container of type t.
func (w *Writer) Container(t Wire, c Container) {
	switch {
	case w.p != Compact:
		if t == WireMap {
			w.b = append(w.b, byte(c.Key))
		}
		w.b = binary.BigEndian.AppendUint32(append(w.b, byte(c.Value)), uint32(c.N))
	case t != WireMap && c.N < 15:
		w.b = append(w.b, byte(c.N)<<4|toCompact[c.Value])
	case t != WireMap:
		w.b = appendUvarint(append(w.b, 0xf0|toCompact[c.Value]), uint64(c.N))
	default:
		w.b = appendUvarint(w.b, uint64(c.N))
		if c.N > 0 { // an empty map has no types
			w.b = append(w.b, toCompact[c.Key]<<4|toCompact[c.Value])
		}
	}
}

func (w *Writer) size(n int) {
	if w.p == Compact {
		w.b = appendUvarint(w.b, uint64(n))
		return
	}
	w.b = binary.BigEndian.AppendUint32(w.b, uint32(n))
}
