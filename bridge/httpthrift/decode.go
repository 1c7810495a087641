package httpthrift

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
	"unicode/utf8"

	"sidecar"
	"sidecar/wire/thrift"
	"sidecar/wire/thrift/idl"
)

// decoding writes values as JSON, as they stand in a message.
type decoding struct {
	r     thrift.Reader
	out   []byte
	limit int
	left  int // levels that may follow
}

// result is what a REPLY says.
type result struct {
	json   []byte
	thrown *idl.Field // the exception that json is, nil if it is the value
}

// decodeResult reads the body in p of a REPLY to m.
func decodeResult(m *idl.Method, p thrift.Protocol, body []byte, limit int) (result, *problem) {
	d := decoding{r: thrift.ReadValues(p, body), limit: limit, left: maxDepth}
	for last := int16(0); ; {
		head, bad := d.r.Field(last)
		if bad != nil {
			return result{}, broken(bad)
		}
		if head.Type == thrift.WireStop {
			break
		}
		if f := m.Result.Field(head.ID); f != nil && f.Type.Wire == head.Type {
			if p := d.value(f.Type); p != nil {
				return result{}, p
			}
			if len(d.out) > limit {
				return result{}, errLarge
			}
			if f.ID == 0 {
				f = nil
			}
			return result{d.out, f}, nil
		}
		if bad := d.r.Skip(head.Type); bad != nil {
			return result{}, broken(bad)
		}
		last = head.ID
	}
	if m.Returns() != nil {
		return result{}, &problem{sidecar.BadReply, "the reply has neither a value nor an exception that the interface file declares"}
	}
	return result{json: []byte("null")}, nil
}

var errLarge = &problem{sidecar.TooLarge, "the result is larger than max_json"}

func broken(p *thrift.Problem) *problem { return &problem{sidecar.BadReply, "reply: " + p.Error()} }

// value writes the next value, of type t.
func (d *decoding) value(t *idl.Type) *problem {
	if len(d.out) > d.limit {
		return errLarge
	}
	switch t.Wire {
	case thrift.WireStruct, thrift.WireList, thrift.WireSet, thrift.WireMap:
		if d.left == 0 {
			return &problem{sidecar.BadReply, "reply: structs and containers are more than 64 deep"}
		}
		d.left--
		p := d.compound(t)
		d.left++
		return p
	}
	if bad := d.scalar(t); bad != nil {
		return broken(bad)
	}
	return nil
}

func (d *decoding) compound(t *idl.Type) *problem {
	switch t.Wire {
	case thrift.WireStruct:
		return d.structure(t.Struct)
	case thrift.WireMap:
		return d.mapping(t)
	default:
		return d.list(t)
	}
}

func (d *decoding) scalar(t *idl.Type) *thrift.Problem {
	switch t.Wire {
	case thrift.WireBool:
		v, bad := d.r.Bool()
		d.out = strconv.AppendBool(d.out, v)
		return bad
	case thrift.WireDouble:
		bits, bad := d.r.Double()
		d.out = appendDouble(d.out, math.Float64frombits(bits))
		return bad
	case thrift.WireString:
		v, bad := d.r.String()
		if t.Binary {
			d.out = append(base64.StdEncoding.AppendEncode(append(d.out, '"'), v), '"')
		} else {
			d.out = appendText(d.out, v)
		}
		return bad
	case thrift.WireUUID:
		v, bad := d.r.UUID()
		d.out = appendUUID(d.out, v)
		return bad
	}
	v, bad := d.r.Int(t.Wire)
	if t.Enum != nil {
		if name, ok := t.Enum.Names[int32(v)]; ok {
			d.out = append(append(append(d.out, '"'), name...), '"')
			return bad
		}
	}
	d.out = strconv.AppendInt(d.out, v, 10)
	return bad
}

// structure writes the fields that the file knows; others come from a younger
// one. A required field that is not there, or of another type, is a sign that
// the file is another service's: what is left of it would look like an answer.
func (d *decoding) structure(s *idl.Struct) *problem {
	d.out = append(d.out, '{')
	first, required := true, 0
	for i := range s.Fields {
		if s.Fields[i].Presence == idl.Required {
			required++
		}
	}
	for last := int16(0); ; {
		head, bad := d.r.Field(last)
		if bad != nil {
			return broken(bad)
		}
		if head.Type == thrift.WireStop {
			break
		}
		last = head.ID
		f := s.Field(head.ID)
		if f == nil || f.Type.Wire != head.Type {
			if bad := d.r.Skip(head.Type); bad != nil {
				return broken(bad)
			}
			continue
		}
		if !first {
			d.out = append(d.out, ',')
		}
		first = false
		if f.Presence == idl.Required {
			required--
		}
		d.out = append(append(append(d.out, '"'), f.Name...), `":`...)
		if p := d.value(f.Type); p != nil {
			return p
		}
	}
	if required > 0 {
		return &problem{sidecar.BadReply, "the reply lacks a required field of " + s.Name + ", or has it of another type than the interface file says"}
	}
	d.out = append(d.out, '}')
	return nil
}

func (d *decoding) list(t *idl.Type) *problem {
	c, p := d.container(t)
	if p != nil {
		return p
	}
	d.out = append(d.out, '[')
	for i := range c.N {
		if i > 0 {
			d.out = append(d.out, ',')
		}
		if p := d.value(t.Elem); p != nil {
			return p
		}
	}
	d.out = append(d.out, ']')
	return nil
}

func (d *decoding) mapping(t *idl.Type) *problem {
	c, p := d.container(t)
	if p != nil {
		return p
	}
	d.out = append(d.out, '{')
	for i := range c.N {
		if i > 0 {
			d.out = append(d.out, ',')
		}
		start := len(d.out)
		if p := d.value(t.Key); p != nil {
			return p
		}
		if d.out[start] != '"' { // no string: its JSON as one
			key := string(d.out[start:])
			d.out = appendText(d.out[:start], []byte(key))
			if len(d.out) > d.limit { // keys within keys double with each level
				return errLarge
			}
		}
		d.out = append(d.out, ':')
		if p := d.value(t.Elem); p != nil {
			return p
		}
	}
	d.out = append(d.out, '}')
	return nil
}

// container reads the head of a container, which has elements of the types that
// the file says, or none.
func (d *decoding) container(t *idl.Type) (thrift.Container, *problem) {
	c, bad := d.r.Container(t.Wire)
	switch {
	case bad != nil:
		return c, broken(bad)
	case c.N > 0 && (c.Value != t.Elem.Wire || t.Key != nil && c.Key != t.Key.Wire):
		return c, &problem{sidecar.BadReply, "the reply has a container of other elements than the interface file says"}
	}
	return c, nil
}

func appendDouble(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-Infinity"`...)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, 64)
}

func appendUUID(dst, v []byte) []byte {
	if len(v) != 16 {
		return dst
	}
	dst = append(dst, '"')
	for i, part := range [...][]byte{v[:4], v[4:6], v[6:8], v[8:10], v[10:]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, part)
	}
	return append(dst, '"')
}

// appendText writes a JSON string. Bytes that are no UTF-8 become U+FFFD.
func appendText(dst, s []byte) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ' || c == 0x7f:
			dst = hex.AppendEncode(append(dst, `\u00`...), s[i:i+1])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, n := utf8.DecodeRune(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		}
		i++
	}
	return append(dst, '"')
}
