package httpthrift

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"sidecar/wire/thrift"
	"sidecar/wire/thrift/idl"
)

// encoder writes JSON as the values of Thrift's binary protocol, in one pass:
// fields as they come, and the count of a container into the place that was left
// for it. (Compact has no such place; where a backend wants that, the call is
// transcoded like any other.)
type encoder struct {
	in   *json.Decoder
	w    thrift.Writer
	path []byte // to the value that is read
	left int    // levels that may follow
}

// encodeArgs appends the arguments of m, given as a JSON object, to dst. An
// empty body is an object without fields.
func encodeArgs(dst []byte, m *idl.Method, body []byte) ([]byte, *problem) {
	e := encoder{w: thrift.WriteValues(thrift.Binary, dst), left: maxDepth}
	if !utf8.Valid(body) {
		return dst, e.bad("not UTF-8")
	}
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	e.in = decoder(string(body))
	first, p := e.token()
	if p != nil {
		return dst, p
	}
	if p := e.structure(m.Args, first, true); p != nil {
		return dst, p
	}
	if _, err := e.in.Token(); err != io.EOF {
		return dst, e.bad("something stands behind the object")
	}
	return e.w.Bytes(), nil
}

func decoder(text string) *json.Decoder {
	in := json.NewDecoder(strings.NewReader(text))
	in.UseNumber()
	return in
}

// token is the next part of the JSON.
func (e *encoder) token() (json.Token, *problem) {
	t, err := e.in.Token()
	if err == nil {
		return t, nil
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return nil, e.bad("no JSON behind byte %d: %v", e.in.InputOffset(), err)
	}
	return nil, e.bad("no JSON: it ends too soon")
}

// structure writes the object that begins with the token first. Of arguments,
// all must be there that have no default and are not optional.
func (e *encoder) structure(s *idl.Struct, first json.Token, args bool) *problem {
	if first != json.Delim('{') {
		return e.bad("expected an object, got %s", named(first))
	}
	p := e.down()
	if p != nil {
		return p
	}
	seen, count, base := make([]bool, len(s.Fields)), 0, len(e.path)
	for e.in.More() {
		name, p := e.name()
		if p != nil {
			return p
		}
		f := s.Named(name)
		if f == nil {
			return e.bad("unknown field %s", shown(name))
		}
		e.step(name)
		if seen[f.Index] {
			return e.bad("given twice")
		}
		v, p := e.token()
		if p != nil {
			return p
		}
		if v != nil { // null is as good as not there
			seen[f.Index] = true
			count++
			if p := e.field(f, v); p != nil {
				return p
			}
		}
		e.path = e.path[:base]
	}
	if _, p := e.token(); p != nil {
		return p
	}
	if s.Kind == idl.Union && count != 1 {
		return e.bad("a %s has one field, got %d", s.Name, count)
	}
	if p := e.absent(s, seen, args); p != nil {
		return p
	}
	e.w.Stop()
	e.left++
	return nil
}

// absent writes the defaults that a backend must be sent, and finds what lacks.
// Other defaults are left to the backend, which has the same file.
func (e *encoder) absent(s *idl.Struct, seen []bool, args bool) *problem {
	for i, f := range s.Fields {
		needed := f.Presence == idl.Required || args && f.Presence != idl.Optional
		if seen[i] || !needed || s.Kind == idl.Union {
			continue
		}
		base := len(e.path)
		e.step(f.Name)
		if f.Default == nil {
			return e.bad("missing")
		}
		if p := e.nested(string(f.Default), func(v json.Token) *problem { return e.field(f, v) }); p != nil {
			return p
		}
		e.path = e.path[:base]
	}
	return nil
}

// nested reads a JSON text of its own by do.
func (e *encoder) nested(text string, do func(json.Token) *problem) *problem {
	outer := e.in
	e.in = decoder(text)
	v, p := e.token()
	if p == nil {
		p = do(v)
	}
	if p == nil {
		if _, err := e.in.Token(); err != io.EOF {
			p = e.bad("%s is more than one value", shown(text))
		}
	}
	e.in = outer
	return p
}

func (e *encoder) field(f *idl.Field, v json.Token) *problem {
	e.w.Field(0, thrift.Field{ID: f.ID, Type: f.Type.Wire}) // binary counts no ids
	return e.value(f.Type, v)
}

// value writes the value of type t that begins with the token v.
func (e *encoder) value(t *idl.Type, v json.Token) *problem {
	switch t.Wire {
	case thrift.WireStruct:
		return e.structure(t.Struct, v, false)
	case thrift.WireList, thrift.WireSet:
		return e.list(t, v)
	case thrift.WireMap:
		return e.mapping(t, v)
	}
	return e.scalar(t, v)
}

func (e *encoder) list(t *idl.Type, first json.Token) *problem {
	if first != json.Delim('[') {
		return e.bad("expected an array, got %s", named(first))
	}
	p := e.down()
	if p != nil {
		return p
	}
	fill, n, base := e.head(t), 0, len(e.path)
	for ; e.in.More(); n++ {
		e.path = append(strconv.AppendInt(append(e.path, '['), int64(n), 10), ']')
		v, p := e.token()
		if p == nil {
			p = e.value(t.Elem, v)
		}
		if p != nil {
			return p
		}
		e.path = e.path[:base]
	}
	fill(n)
	e.left++
	_, p = e.token()
	return p
}

func (e *encoder) mapping(t *idl.Type, first json.Token) *problem {
	if first != json.Delim('{') {
		return e.bad("expected an object, got %s", named(first))
	}
	p := e.down()
	if p != nil {
		return p
	}
	fill, base, seen := e.head(t), len(e.path), map[string]bool{}
	for e.in.More() {
		key, p := e.name()
		if p != nil {
			return p
		}
		e.step(key)
		if seen[key] {
			return e.bad("given twice")
		}
		seen[key] = true
		if p := e.key(t.Key, key); p != nil {
			return p
		}
		v, p := e.token()
		if p == nil {
			p = e.value(t.Elem, v)
		}
		if p != nil {
			return p
		}
		e.path = e.path[:base]
	}
	fill(len(seen))
	e.left++
	_, p = e.token()
	return p
}

// key writes a key: the string itself where JSON would have the value as one,
// else the JSON that the string is.
func (e *encoder) key(t *idl.Type, text string) *problem {
	switch {
	case t.Wire == thrift.WireString, t.Wire == thrift.WireUUID:
		return e.scalar(t, text)
	case t.Enum != nil && !isNumber(text):
		return e.scalar(t, text)
	case t.Wire == thrift.WireDouble && !isNumber(text):
		return e.scalar(t, text)
	case !json.Valid([]byte(text)):
		return e.value(t, text) // which says what it should be
	}
	return e.nested(text, func(v json.Token) *problem { return e.value(t, v) })
}

func isNumber(s string) bool {
	return s != "" && s != "-Infinity" && (s[0] == '-' || s[0] >= '0' && s[0] <= '9')
}

// head writes the head of a container; fill says afterwards how many elements
// it has.
func (e *encoder) head(t *idl.Type) (fill func(n int)) {
	c := thrift.Container{Value: t.Elem.Wire}
	if t.Key != nil {
		c.Key = t.Key.Wire
	}
	e.w.Container(t.Wire, c)
	at := len(e.w.Bytes()) - 4
	return func(n int) { binary.BigEndian.PutUint32(e.w.Bytes()[at:], uint32(n)) }
}

// name is the next name of an object.
func (e *encoder) name() (string, *problem) {
	t, p := e.token()
	name, _ := t.(string)
	return name, p
}

// step goes to the member of a name.
func (e *encoder) step(name string) {
	if len(e.path) > 0 {
		e.path = append(e.path, '.')
	}
	if len(name) > maxTold {
		name = name[:maxTold] + "..."
	}
	e.path = append(e.path, name...)
}

// down is called for each level; left goes up again where it ends.
func (e *encoder) down() *problem {
	if e.left == 0 {
		return e.bad("more than %d values within each other", maxDepth)
	}
	e.left--
	return nil
}
