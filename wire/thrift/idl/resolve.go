package idl

import (
	"math"

	"sidecar/wire/thrift"

	"go.uber.org/thriftrw/ast"
)

// typed is what t means in f. It is never nil: what is wrong is noted.
func (l *loader) typed(f *file, t ast.Type, depth int) *Type {
	if depth > maxNesting {
		l.bad(f, ast.LineNumber(t), "more than %d types within each other", maxNesting)
		return &Type{Wire: thrift.WireByte}
	}
	switch t := t.(type) {
	case ast.BaseType:
		return base(t.ID)
	case ast.MapType:
		return &Type{Wire: thrift.WireMap, Key: l.typed(f, t.KeyType, depth+1), Elem: l.typed(f, t.ValueType, depth+1)}
	case ast.ListType:
		return &Type{Wire: thrift.WireList, Elem: l.typed(f, t.ValueType, depth+1)}
	case ast.SetType:
		return &Type{Wire: thrift.WireSet, Elem: l.typed(f, t.ValueType, depth+1)}
	case ast.TypeReference:
		return l.reference(f, t, depth)
	}
	l.bad(f, 0, "type %v is not known", t)
	return &Type{Wire: thrift.WireByte}
}

func base(id ast.BaseTypeID) *Type {
	switch id {
	case ast.BoolTypeID:
		return &Type{Wire: thrift.WireBool}
	case ast.I16TypeID:
		return &Type{Wire: thrift.WireI16}
	case ast.I32TypeID:
		return &Type{Wire: thrift.WireI32}
	case ast.I64TypeID:
		return &Type{Wire: thrift.WireI64}
	case ast.DoubleTypeID:
		return &Type{Wire: thrift.WireDouble}
	case ast.StringTypeID:
		return &Type{Wire: thrift.WireString}
	case ast.BinaryTypeID:
		return &Type{Wire: thrift.WireString, Binary: true}
	default:
		return &Type{Wire: thrift.WireByte}
	}
}

// reference is what a name means.
func (l *loader) reference(f *file, ref ast.TypeReference, depth int) *Type {
	ref.Name = plain(ref.Name)
	g, d := f.find(ref.Name)
	switch d := d.(type) {
	case *ast.Struct, *ast.Typedef, *ast.Enum:
		return l.defined(g, d.Info().Name, d, depth)
	}
	if d == nil && ref.Name == "uuid" { // younger than the parser, which takes it for a name
		return &Type{Wire: thrift.WireUUID}
	}
	l.bad(f, ref.Line, "%q is no type%s", ref.Name, nearest(f, ref.Name))
	return &Type{Wire: thrift.WireByte}
}

// defined is the type that d defines in f.
func (l *loader) defined(f *file, name string, d ast.Definition, depth int) *Type {
	if t, ok := f.types[name]; ok {
		if t == nil {
			l.bad(f, d.Info().Line, "typedef %s refers to itself", name)
			return &Type{Wire: thrift.WireByte}
		}
		return t
	}
	var t *Type
	switch d := d.(type) {
	case *ast.Struct:
		// Noted before its fields are looked at: they may be of this very type.
		t = &Type{Wire: thrift.WireStruct, Struct: &Struct{}}
		f.types[name] = t
		*t.Struct = *l.structure(f, d, 0)
	case *ast.Enum:
		t = &Type{Wire: thrift.WireI32, Enum: l.enum(f, d)}
	case *ast.Typedef:
		f.types[name] = nil
		t = l.typed(f, d.Type, depth+1)
	}
	f.types[name] = t
	return t
}

// structure is s with its fields.
func (l *loader) structure(f *file, s *ast.Struct, depth int) *Struct {
	out := &Struct{Name: s.Name, byName: map[string]*Field{}, byID: map[int16]*Field{}}
	switch s.Type {
	case ast.UnionType:
		out.Kind = Union
	case ast.ExceptionType:
		out.Kind = Exception
	}
	unset := 0
	for i, a := range s.Fields {
		id := a.ID
		if a.IDUnset { // as Apache's compiler numbers them
			unset--
			id = unset
		}
		field := &Field{ID: int16(id), Index: i, Name: a.Name, Type: l.typed(f, a.Type, depth), Presence: presence(a)}
		switch {
		case id < math.MinInt16 || id > math.MaxInt16:
			l.bad(f, a.Line, "id %d of field %s.%s is not of 16 bits", id, s.Name, a.Name)
		case out.byID[field.ID] != nil:
			l.bad(f, a.Line, "fields %s and %s of %s have the same id %d", out.byID[field.ID].Name, a.Name, s.Name, id)
		case out.byName[a.Name] != nil:
			l.bad(f, a.Line, "field %s.%s is defined twice", s.Name, a.Name)
		}
		if a.Default != nil {
			// Later, when the structs that the value names are whole.
			l.defaults = append(l.defaults, func() { field.Default = l.constant(f, a.Line, a.Default, field.Type, 0) })
		}
		out.Fields = append(out.Fields, field)
		out.byName[a.Name], out.byID[field.ID] = field, field
	}
	return out
}

func presence(a *ast.Field) Presence {
	switch a.Requiredness {
	case ast.Required:
		return Required
	case ast.Optional:
		return Optional
	default:
		return Default
	}
}

func (l *loader) enum(f *file, e *ast.Enum) *Enum {
	out := &Enum{Name: e.Name, Names: map[int32]string{}, Values: map[string]int32{}}
	next := 0
	for _, item := range e.Items {
		if item.Value != nil {
			next = *item.Value
		}
		if next < math.MinInt32 || next > math.MaxInt32 {
			l.bad(f, item.Line, "value %d of %s.%s is not of 32 bits", next, e.Name, item.Name)
		}
		if _, twice := out.Values[item.Name]; twice {
			l.bad(f, item.Line, "%s.%s is defined twice", e.Name, item.Name)
		}
		v := int32(next)
		out.Values[item.Name] = v
		if _, named := out.Names[v]; !named {
			out.Names[v] = item.Name
		}
		next++
	}
	return out
}
