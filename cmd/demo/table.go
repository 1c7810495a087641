package main

import (
	"io"
	"strings"
)

// table writes blocks of lines: in place on a terminal, else one after another.
type table struct {
	out      io.Writer
	terminal bool
	heading  []string
}

// What a terminal is told. A line that is too long is cut rather than wrapped,
// or the next table would not begin where this one did.
const (
	clearAll  = "\x1b[2J"
	home      = "\x1b[H"
	clearLine = "\x1b[K"
	clearRest = "\x1b[J"
	cutLines  = "\x1b[?7l"
	wrapLines = "\x1b[?7h"
)

// top sets what stands above every table.
func (t *table) top(lines []string) {
	t.heading = lines
	if t.terminal {
		io.WriteString(t.out, clearAll)
		t.draw(nil)
		return
	}
	io.WriteString(t.out, strings.Join(lines, "\n")+"\n")
}

// draw shows lines, in one write so that no half of a table is seen.
func (t *table) draw(lines []string) {
	var b strings.Builder
	if !t.terminal {
		b.WriteString(strings.Join(lines, "\n") + "\n\n")
		io.WriteString(t.out, b.String())
		return
	}
	b.WriteString(cutLines + home)
	for _, part := range [][]string{t.heading, lines} {
		for _, line := range part {
			b.WriteString(line + clearLine + "\n")
		}
	}
	b.WriteString(clearRest + wrapLines)
	io.WriteString(t.out, b.String())
}
