package sidecar_test

import (
	"bytes"
	"go/ast"
	"go/scanner"
	"go/token"
	"regexp"
	"strings"
	"testing"
)

const (
	// maxRootLines keeps the vocabulary from growing into a framework.
	maxRootLines = 500
	// maxFileLines is where a file has become two.
	maxFileLines = 600
)

// keptOut are parts of the standard library that code other than tests may
// import in some packages only.
var keptOut = []limit{
	{"unsafe", "sock", "raw memory goes with raw sockets"},
	{"net/http", "admin, cmd/*, bench, internal/*", "it costs several times the CPU and memory that the data path may take"},
	{"os/exec", "cmd/demo, cmd/daemon, bench, internal/*", "a proxy starts no program, but the one that prints the token of a login"},
	{"testing", "internal/*", "what tests share is not part of the program"},
	{"log", "", "a component logs to the *slog.Logger it was given"},
	{"math/rand", "", "math/rand/v2 takes no lock"},
}

// ban allows a function of the standard library to some packages only, in code
// other than tests.
type ban struct{ path, name, users, reason string }

var bans = []ban{
	{"time", "Sleep", "cmd/*, bench, internal/*", "nothing can end a sleep: wait with a context, a timer or Exchange.Block"},
	{"time", "Tick", "", "a ticker needs an owner that stops it"},
	{"context", "Background", "cmd/*, bench, internal/*, upstream/pool", "take the caller's context; only a pool's dial outlives those who wait for it"},
	{"context", "TODO", "", "take the caller's context"},
	{"os", "Exit", "cmd/*, bench, internal/leak, internal/sim/run", "only main ends the process"},
	{"os", "Getenv", "config, cmd/*, bench, internal/*", "configuration comes in by one door"},
	{"fmt", "Print", "cmd/*, bench, internal/*", "a component writes to what it was given"},
	{"fmt", "Printf", "cmd/*, bench, internal/*", "a component writes to what it was given"},
	{"fmt", "Println", "cmd/*, bench, internal/*", "a component writes to what it was given"},
}

func TestStandardLibraryWithinLimits(t *testing.T) {
	eachFile(t, func(p folder, f source) {
		if f.test {
			return
		}
		for _, l := range keptOut {
			if f.imported(l.path) != "" && !among(p.path, l.users) {
				t.Errorf("%s imports %s: %s", f.name, l.path, l.reason)
			}
		}
		for _, b := range bans {
			if among(p.path, b.users) {
				continue
			}
			f.uses(b.path, b.name, func(n ast.Node) {
				t.Errorf("%s: %s.%s: %s", f.place(n), b.path, b.name, b.reason)
			})
		}
	})
}

// A test that sleeps is slow when the machine is fast and wrong when it is
// slow. In a file of synctest a sleep is of virtual time; end-to-end tests have
// real peers, which are waited for with a bound.
func TestTestsDoNotSleep(t *testing.T) {
	eachFile(t, func(p folder, f source) {
		if !f.test || p.imports("testing/synctest") || among(p.path, "cmd/*, bench, internal/e2e") {
			return
		}
		f.uses("time", "Sleep", func(n ast.Node) {
			t.Errorf("%s: a test sleeps: use testing/synctest or an injected clock", f.place(n))
		})
	})
}

func TestPackagesHaveComments(t *testing.T) {
	for _, p := range loadModule(t) {
		said := false
		for _, f := range p.files {
			said = said || f.ast.Doc != nil && !(f.test && p.hasCode())
		}
		if !said {
			t.Errorf("package %s has no package comment saying what it is and what it is not", p.path)
		}
	}
}

func (p folder) hasCode() bool {
	for _, f := range p.files {
		if !f.test {
			return true
		}
	}
	return false
}

func TestNoInit(t *testing.T) {
	eachFile(t, func(_ folder, f source) {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: init runs unasked and in no stated order: let the caller construct", f.place(fn))
			}
		}
	})
}

func TestFilesAreSmall(t *testing.T) {
	eachFile(t, func(_ folder, f source) {
		if n := bytes.Count(f.text, []byte("\n")); n > maxFileLines && !ast.IsGenerated(f.ast) {
			t.Errorf("%s has %d lines, more than %d: it is two files", f.name, n, maxFileLines)
		}
	})
}

func TestRootIsSmall(t *testing.T) {
	total := 0
	eachFile(t, func(p folder, f source) {
		if p.path == "root" && !f.test {
			total += codeLines(f.text)
		}
	})
	if total >= maxRootLines {
		t.Errorf("the root has %d lines of code, %d or more is too many: what two packages share belongs in one of them", total, maxRootLines)
	}
}

// codeLines counts the lines that hold more than comments and space.
func codeLines(text []byte) int {
	var s scanner.Scanner
	set := token.NewFileSet()
	file := set.AddFile("", set.Base(), len(text))
	s.Init(file, text, nil, 0)
	lines, last := 0, 0
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return lines
		}
		if tok == token.SEMICOLON && lit == "\n" {
			continue // put in by the scanner
		}
		first := file.Line(pos)
		end := first + strings.Count(lit, "\n") // a raw string
		lines += end - max(first-1, last)
		last = end
	}
}

func TestCodeLinesLeavesOutCommentsAndBlankLines(t *testing.T) {
	text := "// c\npackage p\n\n/* a\nb */ var x = `1\n2` // d\nvar (\n\ty, z int\n)\n"
	if got := codeLines([]byte(text)); got != 6 {
		t.Errorf("got %d lines of code, want 6", got)
	}
}

var (
	withoutRace = regexp.MustCompile(`(?m)^//go:build .*!race`)
	testName    = regexp.MustCompile(`^Test\w*Alloc`)
)

// What the race detector's run leaves out is run without it by the name Alloc;
// a test of another name in such a file would never run.
func TestTestsWithoutRaceAreFoundByName(t *testing.T) {
	eachFile(t, func(_ folder, f source) {
		if !f.test || !withoutRace.Match(f.text) {
			return
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || !strings.HasPrefix(fn.Name.Name, "Test") {
				continue
			}
			if !testName.MatchString(fn.Name.Name) {
				t.Errorf("%s: %s is left out by -race and not named Alloc, so no run has it", f.place(fn), fn.Name.Name)
			}
		}
	})
}

// Every goroutine has an owner that waits for it: the tests of a package that
// starts some end with a look for those that were left.
func TestPackagesThatStartGoroutinesLookForLeaks(t *testing.T) {
	for _, p := range loadModule(t) {
		starts, looks := false, false
		for _, f := range p.files {
			if f.test {
				f.uses(module+"/internal/leak", "Main", func(ast.Node) { looks = true })
				continue
			}
			ast.Inspect(f.ast, func(n ast.Node) bool {
				_, ok := n.(*ast.GoStmt)
				starts = starts || ok
				return true
			})
		}
		if starts && !looks && !among(p.path, "bench, cmd/demo, "+testOnly) {
			t.Errorf("package %s starts goroutines: give it func TestMain(m *testing.M) { leak.Main(m, leak.Params{}) }", p.path)
		}
	}
}

func eachFile(t *testing.T, do func(folder, source)) {
	t.Helper()
	for _, p := range loadModule(t) {
		for _, f := range p.files {
			do(p, f)
		}
	}
}
