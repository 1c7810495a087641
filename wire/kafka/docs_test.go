package kafka

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The page that tells versions is held against the table that they come from.
func TestDocsTellTheVersionsThatClientsGet(t *testing.T) {
	text, err := os.ReadFile("../../docs/kafka.md")
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	var row []string
	want.WriteString("| API | to | API | to | API | to |\n|---|---|---|---|---|---|\n")
	flush := func() {
		for len(row) < 3 {
			row = append(row, " | ")
		}
		want.WriteString("| " + strings.Join(row, " | ") + " |\n")
		row = nil
	}
	for _, a := range APIs() {
		if a.Kind == Internal {
			continue
		}
		if row = append(row, fmt.Sprintf("%s | %d", a.Name, a.Max)); len(row) == 3 {
			flush()
		}
	}
	if len(row) > 0 {
		flush()
	}
	_, rest, _ := strings.Cut(string(text), "<!-- versions: from the table in wire/kafka, by its test -->\n")
	got, _, _ := strings.Cut(rest, "<!-- /versions -->")
	if got != want.String() {
		t.Errorf("docs/kafka.md: between the marks of versions stands\n%swant\n%s", got, &want)
	}
}
