package varz

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEveryMetricIsNamedByTheRules(t *testing.T) {
	valid := regexp.MustCompile(`^[a-zA-Z]+(\.[A-Za-z_]+)+$`)
	prom := regexp.MustCompile(`^sidecar(_[a-z0-9]+)+$`)
	names, proms := map[string]bool{}, map[string]bool{}
	for _, d := range All() {
		t.Run(d.Prom, func(t *testing.T) {
			view := fmt.Sprint(d.Name, d.Has(LabelEndpoint))
			if names[view] || proms[d.Prom] {
				t.Errorf("%s and %s: one is taken already", d.Name, d.Prom)
			}
			names[view], proms[d.Prom] = true, true
			if !valid.MatchString(d.Name) || !prom.MatchString(d.Prom) {
				t.Errorf("%q or %q is no valid name", d.Name, d.Prom)
			}
			if !strings.HasPrefix(d.Name, "scales.") && !strings.HasPrefix(d.Name, "sidecar.") {
				t.Errorf("%q is neither scales' nor ours", d.Name)
			}
			if !strings.HasSuffix(d.Help, ".") || len(d.Help) < 15 {
				t.Errorf("help %q is no sentence", d.Help)
			}
			if got := strings.HasSuffix(d.Prom, "_total"); got != (d.Kind == KindCounter) {
				t.Errorf("%s: _total marks counters and only those", d.Prom)
			}
			if d.Kind == KindHistogram && !strings.HasSuffix(d.Prom, "_seconds") {
				t.Errorf("%s: a histogram is in seconds", d.Prom)
			}
			if d.Nanoseconds != (d.Kind == KindCounter && strings.HasSuffix(d.Prom, "_seconds_total")) {
				t.Errorf("%s: a time is named in seconds and marked Nanoseconds", d.Prom)
			}
			for _, unit := range []string{"_ms", "_milliseconds", "_kb", "_count", "_sum", "_bucket"} {
				if strings.HasSuffix(d.Prom, unit) {
					t.Errorf("%s: base units only, and no reserved suffix", d.Prom)
				}
			}
			if strings.Contains(d.Name, ".bytes_") != strings.Contains(d.Prom, "_bytes_total") {
				t.Errorf("%s: bytes are named as the unit", d.Prom)
			}
			if !slices.IsSorted(d.Labels) || len(slices.Compact(slices.Clone(d.Labels))) != len(d.Labels) {
				t.Errorf("%s: labels %v are not in order, once each", d.Prom, d.Labels)
			}
		})
	}
}

// lists are the files that declare metrics.
func lists(t *testing.T) (files []*ast.File) {
	for _, name := range []string{"names.go", "names_protocol.go", "names_kafka.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

func TestAllListsEveryMetric(t *testing.T) {
	vars := 0
	for _, file := range lists(t) {
		for _, decl := range file.Decls {
			if g, ok := decl.(*ast.GenDecl); ok && g.Tok == token.VAR {
				vars += len(g.Specs)
			}
		}
	}
	all := All()
	seen := map[*Desc]bool{}
	for _, d := range all {
		seen[d] = true
	}
	if len(all) != vars || len(seen) != vars {
		t.Errorf("All has %d metrics, %d of them distinct, and the files declare %d", len(all), len(seen), vars)
	}
}

// A metric that stands at zero for ever looks like one that is well.
func TestEveryMetricIsFed(t *testing.T) {
	used, word := map[string]bool{}, regexp.MustCompile(`\w+`)
	err := filepath.WalkDir("..", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(filepath.Base(path), "names") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, w := range word.FindAllString(string(text), -1) {
			used[w] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range lists(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && !used[v.Names[0].Name] {
				t.Errorf("%s: nobody outside of the lists uses it", v.Names[0].Name)
			}
			return true
		})
	}
}

func TestDescsOfOneNameAgreeInKind(t *testing.T) {
	kind := map[string]Kind{}
	for _, d := range All() {
		if k, known := kind[d.Name]; known && k != d.Kind {
			t.Errorf("%s is a %s and a %s", d.Name, k, d.Kind)
		}
		kind[d.Name] = d.Kind
	}
}
