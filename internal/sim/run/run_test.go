package main

import (
	"os"
	"strings"
	"testing"
)

// The whole program runs small: every experiment has found something, every
// table has its place in the document, and every drawing can be drawn.
func TestExperimentsFindAndFitTheDocument(t *testing.T) {
	text, err := os.ReadFile("../../../" + document)
	if err != nil {
		t.Fatal(err)
	}
	var l lab
	l.short = true
	for _, e := range experiments() {
		shown := len(l.tables)
		e.run(&l)
		if len(l.tables) == shown {
			t.Errorf("%s found nothing", e.name)
		}
	}
	for _, tab := range l.tables {
		if len(tab.rows) == 0 {
			t.Errorf("table %s is empty", tab.name)
		}
		for _, r := range tab.rows {
			if len(r) != len(tab.head) {
				t.Errorf("table %s: row %q has %d columns, want %d", tab.name, r, len(r), len(tab.head))
			}
		}
	}
	if _, err := insert(string(text), l.tables); err != nil {
		t.Error(err)
	}
	for _, p := range l.plots {
		svg, err := p.svg()
		if err != nil || !strings.Contains(svg, "</svg>") {
			t.Errorf("drawing %s: %v", p.name, err)
		}
		if !strings.Contains(string(text), "balancing-"+p.name+".svg") {
			t.Errorf("the document does not show drawing %s", p.name)
		}
	}
}

// Who changes a policy compares the files of two runs: nothing else may move
// them, and least of all how many threads the runs had.
func TestFiguresRepeat(t *testing.T) {
	figures := func() string {
		var l lab
		l.short = true
		spread(&l)
		churn(&l)
		text, err := csvText(l.tables)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if a, b := figures(), figures(); a != b {
		t.Errorf("two runs differ:\n%s\n%s", a, b)
	}
}

func TestTablesGoBetweenTheirMarks(t *testing.T) {
	tab := &table{name: "x", labels: 1, head: []string{"a", "b"}, rows: [][]string{{"one", "1,000"}}}
	begin, end := marks("x")
	got, err := insert("before\n"+begin+"old\n"+end+"after\n", []*table{tab})
	want := "before\n" + begin + "| a | b |\n| --- | --: |\n| one | 1,000 |\n" + end + "after\n"
	if err != nil || got != want {
		t.Errorf("got %q and %v, want %q", got, err, want)
	}
	if _, err := insert("nothing", []*table{tab}); err == nil {
		t.Error("a document without the marks was taken")
	}
	if text, err := csvText([]*table{tab}); err != nil || text != "table,row,measure,value\nx,one,b,1000\n" {
		t.Errorf("got %q and %v", text, err)
	}
}
