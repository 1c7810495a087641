package thrift

// Transcode appends to dst the message in from as one in to, and returns where
// its head stands in what was appended. The message is read once, without an
// IDL: what is written is what Apache's library would write of the same values.
// It may take limit bytes, since numbers take up to eight times as many in
// binary as in compact. Nothing is allocated where dst has room. After a problem
// the new bytes mean nothing.
//
// Two things do not come back from compact: the types of an empty map, which it
// does not have (they become 0), and a bool's byte that is neither 0 nor 1.
func Transcode(dst []byte, from, to Protocol, payload []byte, limit int) ([]byte, Head, *Problem) {
	h, p := ParseHead(from, payload)
	if p != nil {
		return dst, Head{}, whole(p)
	}
	start := len(dst)
	dst = AppendHead(dst, to, h.Type, h.Seq, payload[h.Name:h.NameEnd])
	dst, p = transcodeBody(dst, from, to, payload[h.Body:], start+limit)
	if p != nil {
		return dst, Head{}, p
	}
	// Read again rather than computed: one place knows where a head's parts are.
	h, p = ParseHead(to, dst[start:])
	return dst, h, p
}

// transcodeBody appends the struct that body is; dst may become end bytes long.
func transcodeBody(dst []byte, from, to Protocol, body []byte, end int) ([]byte, *Problem) {
	if (from == Compact) == (to == Compact) { // binary's heads differ, its values do not
		if len(body) > end-len(dst) {
			return dst, errGrown
		}
		return append(dst, body...), nil
	}
	c := transcoder{ReadValues(from, body), WriteValues(to, dst), end}
	p := c.structure(maxDepth)
	if p == nil && len(c.r.Rest()) > 0 {
		p = errBehind
	}
	if p == nil && len(c.w.b) > end {
		p = errGrown
	}
	return c.w.b, p
}

// transcoder reads values in one protocol and writes them in the other.
type transcoder struct {
	r   Reader
	w   Writer
	end int
}

// structure copies a struct, which may be depth deep.
func (c *transcoder) structure(depth int) *Problem {
	if depth == 0 {
		return errDepth
	}
	for last := int16(0); ; {
		f, p := c.r.Field(last)
		switch {
		case p != nil:
			return p
		case f.Type == WireStop:
			c.w.Stop()
			return nil
		case f.Type == WireBool:
			var v bool
			v, p = c.r.Bool()
			c.w.BoolField(last, f.ID, v)
		default:
			c.w.Field(last, f)
			p = c.value(f.Type, depth-1)
		}
		if p != nil {
			return p
		}
		last = f.ID
	}
}

// value copies a value of type t, which may be depth deep.
func (c *transcoder) value(t Wire, depth int) (p *Problem) {
	if len(c.w.b) > c.end {
		return errGrown // looked at between values: a string is no longer than what came
	}
	switch t {
	case WireBool:
		var v bool
		v, p = c.r.Bool()
		c.w.Bool(v)
	case WireByte, WireI16, WireI32, WireI64:
		var v int64
		v, p = c.r.Int(t)
		c.w.Int(t, v)
	case WireDouble:
		var v uint64
		v, p = c.r.Double()
		c.w.Double(v)
	case WireString:
		var v []byte
		v, p = c.r.String()
		c.w.String(v)
	case WireUUID:
		var v []byte
		v, p = c.r.UUID()
		c.w.UUID(v)
	case WireStruct:
		p = c.structure(depth)
	default:
		p = c.container(t, depth)
	}
	return p
}

// container copies a list, set or map, which may be depth deep.
func (c *transcoder) container(t Wire, depth int) *Problem {
	head, p := c.r.Container(t)
	if p != nil {
		return p
	}
	if depth == 0 && head.N > 0 {
		return errDepth
	}
	c.w.Container(t, head)
	for range head.N {
		if t == WireMap {
			if p := c.value(head.Key, depth-1); p != nil {
				return p
			}
		}
		if p := c.value(head.Value, depth-1); p != nil {
			return p
		}
	}
	return nil
}
