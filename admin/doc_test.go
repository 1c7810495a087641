package admin

import (
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documented is the list in the package comment: "METHOD path" by part, what
// is built in and what is passed in.
func documented(t *testing.T) (own, passed []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^\t(GET|POST) +(/\S*) +\S.*$`)
	a, b, ok := strings.Cut(f.Doc.Text(), "These are passed in")
	if !ok {
		t.Fatal("the comment does not say which pages are passed in")
	}
	list := func(text string) (out []string) {
		for _, m := range line.FindAllStringSubmatch(text, -1) {
			out = append(out, m[1]+" "+m[2])
		}
		return out
	}
	return list(a), list(b)
}

func TestPackageCommentListsWhatTheMuxServes(t *testing.T) {
	own, passed := documented(t)
	var pages []Page
	for _, p := range passed {
		method, path, _ := strings.Cut(p, " ")
		page := stub(path)
		switch {
		case method == "POST" && slices.Contains(passed, "GET "+path):
			continue
		case method == "POST":
			page.Get = nil
		case !slices.Contains(passed, "POST "+path):
			page.Post = nil
		}
		pages = append(pages, page)
	}
	a := small(pages...)
	var served []string
	for _, r := range a.routes {
		if r.get != nil {
			served = append(served, "GET "+r.path)
		}
		if r.post != nil {
			served = append(served, "POST "+r.path)
		}
	}
	said := append(own, passed...)
	slices.Sort(said)
	slices.Sort(served)
	if !slices.Equal(said, served) {
		t.Errorf("the comment lists\n%q\nand the mux serves\n%q", said, served)
	}
	for _, s := range said {
		method, path, _ := strings.Cut(s, " ")
		if w := (ask{method: method, target: path}).to(a.Handler()); w.Code != 200 {
			t.Errorf("%s: %d %s", s, w.Code, w.Body)
		}
	}
}
