package daemon

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sidecar/discovery"
)

// pages is the text that users read, by its path from here.
func pages(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, path := range append(paths, "../../README.md", "../../ARCHITECTURE.md", "../../CONTRIBUTING.md", "../../CHANGELOG.md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[path] = string(text)
	}
	return texts
}

// TestWhatTheDocsShowIsTaken: who copies an example must not be told that it is
// wrong. What is a part of a file only is put behind the least that it needs.
func TestWhatTheDocsShowIsTaken(t *testing.T) {
	const least = "[upstream.users]\ndiscover = \"tcp://10.0.0.1:80\"\n[[listener]]\nname = \"l\"\naddress = \"127.0.0.1:8080\"\nupstream = \"users\"\n"
	example := regexp.MustCompile("(?s)```toml\n(.*?)```")
	beside := regexp.MustCompile("(?s)```thrift\n(.*?)```") // users.thrift, which lies beside the examples of its page
	seen := 0
	for path, text := range pages(t) {
		for _, found := range example.FindAllStringSubmatch(text, -1) {
			seen++
			part, file := found[1], filepath.Join(t.TempDir(), "shown.toml")
			if idl := beside.FindStringSubmatch(text); idl != nil {
				if err := os.WriteFile(filepath.Join(filepath.Dir(file), "users.thrift"), []byte(idl[1]), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if !strings.Contains(part, "discover ") {
				part = least + part
			}
			list := strings.Contains(part, "[[endpoint]]")
			if list {
				part = found[1]
			}
			if err := os.WriteFile(file, []byte(part), 0o600); err != nil {
				t.Fatal(err)
			}
			if list {
				listIsRead(t, path, file)
				continue
			}
			var problems strings.Builder
			if code := checkVerb(file, io.Discard, &problems); code != exitOK || problems.Len() > 0 {
				t.Errorf("%s shows what is refused or remarked on: %s\n%s", path, &problems, part)
			}
		}
	}
	if seen < 5 {
		t.Errorf("found only %d examples", seen)
	}
}

func listIsRead(t *testing.T, path, file string) {
	t.Helper()
	source, err := discovery.Parse("file://"+file, discovery.Params{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var u discovery.Update
	_ = source.Run(ctx, func(first discovery.Update) {
		u = first
		cancel()
	})
	if u.Err != nil || len(u.Endpoints) == 0 {
		t.Errorf("%s shows a list that is read as %v, %v", path, u.Endpoints, u.Err)
	}
}

// TestLinksOfTheDocsLeadSomewhere, to files and to the headings in them.
func TestLinksOfTheDocsLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	texts := pages(t)
	for path, text := range texts {
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			to, anchor, _ := strings.Cut(found[1], "#")
			if strings.Contains(to, "://") {
				continue
			}
			target := path
			if to != "" {
				target = filepath.Join(filepath.Dir(path), to)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", path, found[1], err)
			} else if anchor != "" && !headings(texts[target])[anchor] {
				t.Errorf("%s links to %s, and there is no such heading", path, found[1])
			}
		}
	}
}

// headings are the names of a page's headings as links have them.
func headings(text string) map[string]bool {
	names := map[string]bool{}
	drop := regexp.MustCompile(`[^a-z0-9 _-]`)
	for _, found := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		names[strings.ReplaceAll(drop.ReplaceAllString(strings.ToLower(found[1]), ""), " ", "-")] = true
	}
	return names
}
