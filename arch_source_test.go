package sidecar_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// module is the module's path, which is how its packages are imported.
const module = "sidecar"

// folder is one package's directory, tests and files of other systems included.
type folder struct {
	path  string // inside the module, "root" for the root
	files []source
}

// imports tells whether any file of the package imports the path.
func (p folder) imports(path string) bool {
	for _, f := range p.files {
		if f.imported(path) != "" {
			return true
		}
	}
	return false
}

// source is one Go file.
type source struct {
	name string // inside the module
	test bool
	text []byte
	set  *token.FileSet
	ast  *ast.File
}

// loadModule parses every Go file of the module. It walks the tree rather than
// asking the go command: so it sees files behind build tags too, and the test
// cache sees which files the result depends on.
func loadModule(t *testing.T) []folder {
	t.Helper()
	var all []folder
	err := filepath.WalkDir(".", func(dir string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		if dir != "." && notOurs(dir, e.Name()) {
			return fs.SkipDir
		}
		f := loadFolder(t, dir)
		if len(f.files) > 0 {
			all = append(all, f)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no Go file found: the test must run in the module's root")
	}
	return all
}

// notOurs tells of directories that the go command leaves out too.
func notOurs(dir, name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "vendor" {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod")) // a module of its own
	return err == nil
}

func loadFolder(t *testing.T, dir string) folder {
	t.Helper()
	f := folder{path: filepath.ToSlash(dir)}
	if dir == "." {
		f.path = "root"
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasPrefix(filepath.Base(name), ".") || strings.HasPrefix(filepath.Base(name), "_") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		f.files = append(f.files, source{
			name: filepath.ToSlash(name), test: strings.HasSuffix(name, "_test.go"), text: text, set: set, ast: file,
		})
	}
	return f
}

// place is where n begins, for messages.
func (f source) place(n ast.Node) string { return f.set.Position(n.Pos()).String() }

// imported is the name under which the file uses the package of that path, ""
// if it does not.
func (f source) imported(path string) string {
	for i, p := range f.imports() {
		if p != path {
			continue
		}
		if n := f.ast.Imports[i].Name; n != nil {
			return n.Name
		}
		return path[strings.LastIndexByte(path, '/')+1:]
	}
	return ""
}

// uses calls seen for every mention of the package's name in the file, such as
// path "time", name "Sleep".
func (f source) uses(path, name string, seen func(ast.Node)) {
	local := f.imported(path)
	if local == "" {
		return
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != name {
			return true
		}
		if id, ok := sel.X.(*ast.Ident); ok && id.Name == local {
			seen(n)
		}
		return true
	})
}
