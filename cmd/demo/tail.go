package main

import (
	"strings"
	"sync"
)

// maxTail is how many lines of the sidecar's log are kept.
const maxTail = 20

// tail keeps the end of a log. Each Write is one line.
type tail struct {
	mu    sync.Mutex
	lines []string
}

// Write takes a line.
func (t *tail) Write(line []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == maxTail {
		t.lines = append(t.lines[:0], t.lines[1:]...)
	}
	t.lines = append(t.lines, strings.TrimSuffix(string(line), "\n"))
	return len(line), nil
}

// text is all that is kept.
func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(t.lines, "\n")
}

// last is the last line without its time, "" if there is none.
func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == 0 {
		return ""
	}
	line := t.lines[len(t.lines)-1]
	if rest, ok := strings.CutPrefix(line, "time="); ok {
		_, line, _ = strings.Cut(rest, " ")
	}
	return line
}
