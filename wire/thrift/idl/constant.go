package idl

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"sidecar/wire/thrift"

	"go.uber.org/thriftrw/ast"
)

// constant is the value v of type t as JSON, in the form in which a client would
// send it. So a default goes the way of all other values.
func (l *loader) constant(f *file, line int, v ast.ConstantValue, t *Type, depth int) []byte {
	if depth > maxNesting {
		l.bad(f, line, "constants refer to each other, or are more than %d deep", maxNesting)
		return nil
	}
	switch v := v.(type) {
	case ast.ConstantReference:
		return l.named(f, v, t, depth)
	case ast.ConstantBoolean:
		if t.Wire == thrift.WireBool {
			return strconv.AppendBool(nil, bool(v))
		}
	case ast.ConstantInteger:
		return l.integer(f, line, int64(v), t)
	case ast.ConstantDouble:
		if t.Wire == thrift.WireDouble && !math.IsInf(float64(v), 0) && !math.IsNaN(float64(v)) {
			return strconv.AppendFloat(nil, float64(v), 'g', -1, 64)
		}
	case ast.ConstantString:
		switch {
		case t.Wire == thrift.WireString && t.Binary:
			return encode([]byte(v)) // base64
		case t.Wire == thrift.WireString || t.Wire == thrift.WireUUID:
			return encode(string(v))
		}
	case ast.ConstantList:
		switch {
		case t.Wire == thrift.WireList || t.Wire == thrift.WireSet:
			return l.list(f, v, t, depth)
		case t.Wire == thrift.WireMap && len(v.Items) == 0:
			return []byte("{}") // Apache's compiler takes one for the other
		}
	case ast.ConstantMap:
		if len(v.Items) == 0 && (t.Wire == thrift.WireList || t.Wire == thrift.WireSet) {
			return []byte("[]")
		}
		if t.Wire == thrift.WireMap || t.Wire == thrift.WireStruct {
			return l.object(f, v, t, depth)
		}
	}
	l.bad(f, line, "default is not of the field's type")
	return nil
}

// integer is a whole number as what t takes one for.
func (l *loader) integer(f *file, line int, v int64, t *Type) []byte {
	least := int64(math.MinInt64)
	switch t.Wire {
	case thrift.WireBool:
		return strconv.AppendBool(nil, v != 0)
	case thrift.WireByte:
		least = math.MinInt8
	case thrift.WireI16:
		least = math.MinInt16
	case thrift.WireI32:
		least = math.MinInt32
	case thrift.WireI64, thrift.WireDouble:
	default:
		l.bad(f, line, "default is not of the field's type")
		return nil
	}
	if v < least || v > -(least+1) {
		l.bad(f, line, "default %d is beyond the field's type", v)
	}
	return strconv.AppendInt(nil, v, 10)
}

// named is the constant, or the item of an enum, that ref names.
func (l *loader) named(f *file, ref ast.ConstantReference, t *Type, depth int) []byte {
	ref.Name = plain(ref.Name)
	if g, d := f.find(ref.Name); d != nil {
		if c, ok := d.(*ast.Constant); ok {
			return l.constant(g, c.Line, c.Value, t, depth+1)
		}
	}
	at := strings.LastIndexByte(ref.Name, '.')
	if t.Enum != nil { // of the field's own enum, whichever is named: so does Apache's compiler
		if v, ok := t.Enum.Values[ref.Name[at+1:]]; ok {
			return l.integer(f, ref.Line, int64(v), t)
		}
	}
	if at > 0 {
		_, d := f.find(ref.Name[:at])
		if e, ok := d.(*ast.Enum); ok {
			if v, ok := l.enum(f, e).Values[ref.Name[at+1:]]; ok {
				return l.integer(f, ref.Line, int64(v), t)
			}
		}
	}
	l.bad(f, ref.Line, "%q is no constant and no item of an enum", ref.Name)
	return nil
}

func (l *loader) list(f *file, v ast.ConstantList, t *Type, depth int) []byte {
	out := []byte{'['}
	for i, item := range v.Items {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, l.constant(f, v.Line, item, t.Elem, depth+1)...)
	}
	return append(out, ']')
}

// object is a map or a struct.
func (l *loader) object(f *file, v ast.ConstantMap, t *Type, depth int) []byte {
	out := []byte{'{'}
	for i, item := range v.Items {
		if i > 0 {
			out = append(out, ',')
		}
		key, elem := t.Key, t.Elem
		if t.Struct != nil {
			name, _ := item.Key.(ast.ConstantString)
			field := t.Struct.Named(string(name))
			if field == nil {
				l.bad(f, item.Line, "%s has no field %q", t.Struct.Name, string(name))
				return nil
			}
			key, elem = &Type{Wire: thrift.WireString}, field.Type
		}
		name := l.constant(f, item.Line, item.Key, key, depth+1)
		if len(name) > 0 && name[0] != '"' {
			name = encode(string(name)) // a key that is no text is its JSON as text
		}
		out = append(append(append(out, name...), ':'), l.constant(f, item.Line, item.Value, elem, depth+1)...)
	}
	return append(out, '}')
}

// encode is v, a text or bytes, as JSON.
func encode(v any) []byte {
	out, _ := json.Marshal(v) // neither can fail
	return out
}
