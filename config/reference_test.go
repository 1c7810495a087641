package config

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

const reference = "../config.toml"

// commentedOut is a key or a table header behind a comment sign, as opposed to
// a sentence.
var commentedOut = regexp.MustCompile(`(?m)^# ((?:[a-z0-9_]+ = |\[).*)$`)

func uncommented(t *testing.T) string {
	t.Helper()
	src, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	return commentedOut.ReplaceAllString(string(src), "$1")
}

func TestReferenceRunsAsItStands(t *testing.T) {
	t.Setenv(stateEnv, "")
	f, err := Load(reference)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Notes) > 0 {
		t.Errorf("notes: %q", f.Notes)
	}
	l, u := f.Listeners[0], f.Upstreams[0]
	if f.Admin.Address != "127.0.0.1:9990" || l.Name != "web" || l.Protocol != "http" || l.Address != "127.0.0.1:8080" ||
		l.Upstream != "web" || u.Name != "web" || u.Discover[0] != "tcp://127.0.0.1:8081,127.0.0.1:8082" {
		t.Errorf("admin %+v, listener %+v, upstream %+v", f.Admin, l, u)
	}
}

func TestReferenceTellsEveryDefaultAsItIs(t *testing.T) {
	told, err := Parse("told", []byte(uncommented(t)))
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]Setting{}
	for _, s := range told.Settings() {
		values[s.Key] = s
	}
	src, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := Parse("config.toml", src)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range plain.Settings() {
		got := values[s.Key]
		if !strings.HasPrefix(got.Origin, "told:") {
			t.Errorf("%s is not in the reference", s.Key)
		} else if got.Value != s.Value {
			t.Errorf("%s: the reference says %s, the default is %s", s.Key, got.Value, s.Value)
		}
	}
}

func TestReferenceShowsRoutesAndOperations(t *testing.T) {
	f, err := Parse("told", []byte(uncommented(t)))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(f.Listeners[0].Routes); n != 1 {
		t.Errorf("%d routes, want 1", n)
	}
	web := f.Upstreams[len(f.Upstreams)-1]
	if n := len(web.Operations); n != 1 {
		t.Errorf("%d operations, want 1", n)
	}
	// A second listener and upstream show only what the first have not.
	told := map[string]bool{}
	kind := func(key string) string {
		return regexp.MustCompile(`^(listener)\[\d\]|^(upstream)\.\w+`).ReplaceAllString(key, "$1$2")
	}
	for _, s := range f.Settings() {
		if strings.HasPrefix(s.Origin, "told:") {
			told[kind(s.Key)] = true
		}
	}
	for _, s := range f.Settings() {
		if !told[kind(s.Key)] {
			t.Errorf("%s is not in the reference", s.Key)
		}
	}
}

// A key whose comment sign the expression does not see would be left out of
// the tests above.
func TestReferenceHasNoOtherCommentedOutKeys(t *testing.T) {
	like := regexp.MustCompile(`^\s*#\s*\S+\s*=`)
	for line := range strings.Lines(uncommented(t)) {
		if like.MatchString(line) {
			t.Errorf("looks like a commented-out key: %s", line)
		}
	}
}
