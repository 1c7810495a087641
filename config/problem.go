package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing wrong with a file.
type Problem struct {
	File string
	Line int    // from 1; of the table if the key is missing from it
	Key  string // "upstream.users.pool.max_waiters"; "" if it is not about one
	// Message says what was expected and, where something near has a name, that.
	Message string

	shown string // the key as people read it; "": as it is
}

// String is "file:line: key: message". A listener is told by its name.
func (p Problem) String() string {
	key := p.shown
	if key == "" {
		key = p.Key
	}
	if key == "" {
		return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message)
	}
	return fmt.Sprintf("%s:%d: %s: %s", p.File, p.Line, key, p.Message)
}

// Invalid is the error for a file that cannot be used: all that is wrong with
// it, in the order of its lines, at least one. A file that is not TOML has one
// problem, the first place that cannot be read.
type Invalid struct {
	Problems []Problem
	// Partial is what could be read, for who has more to say about it; nil of a
	// file that is not TOML. It is not to be used for anything else.
	Partial *File
}

// Add adds what else is wrong, in the order of lines. Of a key about which
// something is told already nothing more is: it would follow from that.
func (e *Invalid) Add(more []Problem) {
	told := e.Problems
	for _, p := range more {
		if !slices.ContainsFunc(told, func(t Problem) bool { return within(t.Key, p.Key) }) {
			e.Problems = append(e.Problems, p)
		}
	}
	slices.SortStableFunc(e.Problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
}

// within tells whether key is table or stands in it.
func within(key, table string) bool {
	rest, in := strings.CutPrefix(key, table)
	return in && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// Error is one line for each problem.
func (e *Invalid) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// ProblemAt makes a problem of what a component said about a setting, with the
// line of the key; if the file does not set it, of the table that it belongs
// to. Keys are those of Settings, or the Key of a struct with "." and the name
// put after it; "[1]" after that is one element of a list.
func (f *File) ProblemAt(key, message string) Problem {
	p := Problem{File: f.Name, Line: 1, Key: key, Message: message, shown: f.names.key(key)}
	for at := key; at != ""; at, _ = splitKey(at) {
		if line, ok := f.lines[at]; ok {
			p.Line = line
			break
		}
	}
	return p
}
