// Package idl reads Thrift's interface definitions: which services there are,
// their methods, and the types of arguments, results and declared exceptions,
// with inheritance, includes and typedefs resolved. It opens no file itself, and
// generates no code.
//
// The text is parsed by thriftrw; this package turns what it parses into plain
// structs that are never changed afterwards, so that all may read them at once.
package idl

import "sidecar/wire/thrift"

// Schema is what one file defines, with what it includes.
type Schema struct {
	Services map[string]*Service // of the file itself, by name
	// Files are the paths of the file and of all that it includes, as they were
	// read.
	Files []string
}

// Service is a service with the methods of those that it extends.
type Service struct {
	Name    string
	Methods map[string]*Method
}

// Method is one method.
type Method struct {
	Name   string
	Oneway bool
	Args   *Struct
	// Result is the union that a reply is: field 0 is the value returned, if
	// there is one, the others are the exceptions declared.
	Result *Struct
}

// Returns is the type of the value returned, nil if there is none.
func (m *Method) Returns() *Type {
	if f := m.Result.Field(0); f != nil {
		return f.Type
	}
	return nil
}

// Type is the type of a value.
type Type struct {
	Wire   thrift.Wire
	Binary bool    // of WireString: bytes, no text
	Key    *Type   // of maps
	Elem   *Type   // of lists, sets and maps
	Struct *Struct // of structs, unions and exceptions
	Enum   *Enum   // of WireI32, nil for a plain number
}

// Kind is what a Struct is.
type Kind uint8

// The kinds.
const (
	Plain Kind = iota
	Union
	Exception
)

// Struct is a struct, a union, an exception, or a method's arguments or result.
type Struct struct {
	Name   string
	Kind   Kind
	Fields []*Field

	byName map[string]*Field
	byID   map[int16]*Field
}

// Field is the field of this id, nil if there is none.
func (s *Struct) Field(id int16) *Field { return s.byID[id] }

// Named is the field of this name, nil if there is none.
func (s *Struct) Named(name string) *Field { return s.byName[name] }

// Presence says whether a field has to be there.
type Presence uint8

// The presences.
const (
	Default Presence = iota
	Required
	Optional
)

// Field is a field of a struct.
type Field struct {
	ID       int16
	Index    int // in Struct.Fields
	Name     string
	Type     *Type
	Presence Presence
	// Default is the value that stands in the file, as JSON; nil is none.
	Default []byte
}

// Enum is an enumeration.
type Enum struct {
	Name   string
	Names  map[int32]string // the first of a number's names
	Values map[string]int32
}
