package idl

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"go.uber.org/thriftrw/ast"
	parser "go.uber.org/thriftrw/idl"
)

// What files may be: more is no interface, but a mistake in a path.
const (
	maxFileSize = 4 << 20 // bytes of a file
	maxFiles    = 256     // included, the first counted
	maxNesting  = 32      // types within each other in one place, and constants
	maxProblems = 20      // told at once
)

// Load reads the file at path and all that it includes by read, which gives the
// bytes of a file. Its error is of type Problems.
func Load(path string, read func(path string) ([]byte, error)) (*Schema, error) {
	l := &loader{read: read, root: filepath.Dir(path), files: map[string]*file{}}
	f := l.file(path, nil, 0)
	schema := &Schema{Services: map[string]*Service{}}
	if f != nil && len(l.problems) == 0 {
		for _, name := range f.names {
			if s, ok := f.defs[name].(*ast.Service); ok {
				schema.Services[s.Name] = l.service(f, s, 0)
			}
		}
		// What no service uses is looked at too: its mistakes are told.
		for _, path := range l.order {
			l.all(l.files[path])
		}
		for _, resolve := range l.defaults {
			resolve()
		}
		schema.Files = l.order
	}
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	if len(schema.Services) == 0 {
		return nil, Problems{{File: path, Text: "no service is defined here"}}
	}
	return schema, nil
}

// loader is one Load.
type loader struct {
	read     func(string) ([]byte, error)
	root     string // where includes are looked for that are not beside their file
	files    map[string]*file
	order    []string // keys of files as they were met
	defaults []func()
	problems Problems
}

// file is one that was read.
type file struct {
	path     string
	includes map[string]*file // by the name that stands before the dot
	defs     map[string]ast.Definition
	names    []string         // keys of defs, in their order
	types    map[string]*Type // those of defs that are resolved; nil while one is
}

// bad notes a problem.
func (l *loader) bad(f *file, line int, format string, args ...any) {
	p := Problem{f.path, line, fmt.Sprintf(format, args...)}
	if len(l.problems) < maxProblems && !slices.Contains(l.problems, p) { // types are met more than once
		l.problems = append(l.problems, p)
	}
}

// file reads the file at path, once; from includes it, in that line.
func (l *loader) file(path string, from *file, line int) *file {
	if f, ok := l.files[path]; ok {
		return f
	}
	f := &file{path: path, includes: map[string]*file{}, defs: map[string]ast.Definition{}, types: map[string]*Type{}}
	text, err := l.read(path)
	switch {
	case err != nil && from != nil:
		l.bad(from, line, "include: %v", err)
		return nil
	case err != nil:
		l.bad(f, 0, "%v", err)
		return nil
	case len(text) > maxFileSize:
		l.bad(f, 0, "larger than %d MiB", maxFileSize>>20)
		return nil
	case len(l.files) == maxFiles:
		l.bad(f, 0, "more than %d files are included", maxFiles)
		return nil
	}
	l.files[path] = f
	l.order = append(l.order, path)
	program, err := parser.Parse(disguised(mended(text)))
	if err != nil {
		l.unparsed(f, err)
		return f
	}
	unveil(program)
	for _, h := range program.Headers {
		if in, ok := h.(*ast.Include); ok {
			l.include(f, in)
		}
	}
	for _, d := range program.Definitions {
		info := d.Info()
		if f.defs[info.Name] != nil {
			l.bad(f, info.Line, "%q is defined twice", info.Name)
		}
		f.defs[info.Name] = d
		f.names = append(f.names, info.Name)
	}
	return f
}

// unparsed notes what the parser says.
func (l *loader) unparsed(f *file, err error) {
	var all *parser.ParseError
	if !errors.As(err, &all) {
		l.bad(f, 0, "%v", err)
		return
	}
	for _, e := range all.Errors {
		l.bad(f, e.Pos.Line, "%v", e.Err)
	}
}

// include reads what f includes: beside f, or beside the first file.
func (l *loader) include(f *file, in *ast.Include) {
	name := strings.TrimSuffix(filepath.Base(in.Path), ".thrift")
	path := filepath.Join(filepath.Dir(f.path), in.Path)
	if filepath.IsAbs(in.Path) {
		path = in.Path
	} else if other := filepath.Join(l.root, in.Path); other != path && l.files[path] == nil {
		if _, err := l.read(path); err != nil {
			path = other
		}
	}
	if g := l.file(path, f, in.Line); g != nil {
		f.includes[name] = g
	}
}

// find is the definition that a name in f means, and the file that has it.
func (f *file) find(name string) (*file, ast.Definition) {
	if d := f.defs[name]; d != nil {
		return f, d
	}
	if at := strings.IndexByte(name, '.'); at > 0 {
		if g := f.includes[name[:at]]; g != nil {
			return g, g.defs[name[at+1:]]
		}
	}
	return f, nil
}

// all resolves what f defines.
func (l *loader) all(f *file) {
	for _, name := range f.names {
		switch d := f.defs[name].(type) {
		case *ast.Service:
			l.service(f, d, 0)
		case *ast.Struct, *ast.Typedef, *ast.Enum:
			l.defined(f, name, d, 0)
		}
	}
}

// service is s with the methods of those it extends, which come first.
func (l *loader) service(f *file, s *ast.Service, depth int) *Service {
	out := &Service{Name: s.Name, Methods: map[string]*Method{}}
	if s.Parent != nil {
		g, d := f.find(s.Parent.Name)
		parent, ok := d.(*ast.Service)
		switch {
		case !ok:
			l.bad(f, s.Parent.Line, "service %s extends %q, which is no service%s", s.Name, s.Parent.Name, nearest(f, s.Parent.Name))
		case depth == maxNesting:
			l.bad(f, s.Line, "service %s extends itself, or more than %d others", s.Name, maxNesting)
		default:
			out.Methods = l.service(g, parent, depth+1).Methods
		}
	}
	own := map[string]bool{}
	for _, m := range s.Functions {
		if own[m.Name] {
			l.bad(f, m.Line, "method %s.%s is defined twice", s.Name, m.Name)
		}
		own[m.Name] = true
		out.Methods[m.Name] = l.method(f, m)
	}
	return out
}

func (l *loader) method(f *file, m *ast.Function) *Method {
	out := &Method{Name: m.Name, Oneway: m.OneWay}
	out.Args = l.structure(f, &ast.Struct{Name: m.Name + "_args", Fields: m.Parameters, Line: m.Line}, 0)
	result := &ast.Struct{Name: m.Name + "_result", Type: ast.UnionType, Line: m.Line}
	if m.ReturnType != nil {
		result.Fields = append(result.Fields, &ast.Field{Name: "success", Type: m.ReturnType, Line: m.Line})
	}
	result.Fields = append(result.Fields, m.Exceptions...)
	out.Result = l.structure(f, result, 0)
	if m.OneWay && len(result.Fields) > 0 {
		l.bad(f, m.Line, "oneway method %s has a result or throws: nobody would hear of it", m.Name)
	}
	for i, field := range out.Result.Fields {
		thrown := i > 0 || m.ReturnType == nil
		if thrown && field.Type.Struct != nil && field.Type.Struct.Kind == Exception {
			continue
		}
		if thrown {
			l.bad(f, m.Line, "method %s throws %s, which is no exception", m.Name, field.Name)
		}
	}
	return out
}

// nearest says which name of f's is like name.
func nearest(f *file, name string) string {
	i := slices.IndexFunc(f.names, func(s string) bool { return strings.EqualFold(s, name) })
	if i < 0 {
		return ""
	}
	return fmt.Sprintf(" (%s?)", f.names[i])
}
