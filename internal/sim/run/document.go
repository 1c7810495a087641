package main

import (
	"fmt"
	"os"
	"strings"
)

// What -write writes, from the module's root. The document's text is written by
// hand; a table stands in it between two marks.
const (
	document = "docs/balancing.md"
	rawData  = "docs/balancing.csv"
	drawings = "docs/balancing-%s.svg"
)

func marks(name string) (begin, end string) {
	return "<!-- table " + name + " -->\n", "<!-- end of table " + name + " -->\n"
}

// insert puts the tables between their marks.
func insert(text string, tables []*table) (string, error) {
	for _, t := range tables {
		begin, end := marks(t.name)
		before, rest, ok := strings.Cut(text, begin)
		_, after, ended := strings.Cut(rest, end)
		if !ok || !ended {
			return "", fmt.Errorf("%s has no marks of table %s", document, t.name)
		}
		text = before + begin + t.markdown() + end + after
	}
	return text, nil
}

func writeDocument(l *lab) error {
	old, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	text, err := insert(string(old), l.tables)
	if err != nil {
		return err
	}
	raw, err := csvText(l.tables)
	if err != nil {
		return err
	}
	files := map[string]string{document: text, rawData: raw}
	for _, p := range l.plots {
		svg, err := p.svg()
		if err != nil {
			return err
		}
		files[fmt.Sprintf(drawings, p.name)] = svg
	}
	for name, content := range files {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}
