package main

import (
	"encoding/csv"
	"fmt"
	"strings"
	"time"
)

// table is what an experiment found. The first so many columns say of what a
// row is, the others what was found.
type table struct {
	name   string
	labels int
	head   []string
	rows   [][]string
	// clocked: what stands in it was measured on this machine and is another
	// each time; it is left out of the CSV file.
	clocked bool
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// markdown is the table as it stands in the document.
func (t *table) markdown() string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(t.head)
	rule := make([]string, len(t.head))
	for i := range rule {
		if rule[i] = "---"; i >= t.labels {
			rule[i] = "--:"
		}
	}
	line(rule)
	for _, r := range t.rows {
		line(r)
	}
	return b.String()
}

// csvText is one line a figure: of which table and row, which column, how much.
func csvText(tables []*table) (string, error) {
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"table", "row", "measure", "value"}) // a strings.Builder takes all
	for _, t := range tables {
		if t.clocked {
			continue
		}
		for _, r := range t.rows {
			for i := t.labels; i < len(r); i++ {
				_ = w.Write([]string{t.name, strings.Join(r[:t.labels], ", "), t.head[i], strings.ReplaceAll(r[i], ",", "")})
			}
		}
	}
	w.Flush()
	return b.String(), w.Error()
}

// figure is the number that a cell begins with. Drawings have them from there,
// so that they show what the tables say and can be drawn again from the file.
func figure(cell string) float64 {
	var x float64
	_, _ = fmt.Sscan(strings.ReplaceAll(cell, ",", ""), &x) // what is no number is 0
	return x
}

// count writes 9000 as 9,000.
func count[T int | int64](n T) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", count(n/1000), n%1000)
}

func size(clients, hosts int) string { return count(clients) + " × " + count(hosts) }

func percent(share float64) string {
	switch {
	case share == 1 || share == 0:
		return fmt.Sprintf("%.0f %%", 100*share)
	case share > 0.999:
		return fmt.Sprintf("%.3f %%", 100*share)
	}
	return fmt.Sprintf("%.2f %%", 100*share)
}

// ms writes a time to two digits: what the buckets of a tally are good for.
func ms(d time.Duration) string {
	x := float64(d) / 1e6
	switch {
	case x >= 100:
		return fmt.Sprintf("%.0f ms", x)
	case x >= 10:
		return fmt.Sprintf("%.1f ms", x)
	}
	return fmt.Sprintf("%.2f ms", x)
}

// ratio writes the largest by the smallest.
func ratio(x float64) string {
	if x > 1e6 {
		return "∞"
	}
	return fmt.Sprintf("%.2f", x)
}
