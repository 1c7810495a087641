package config

import (
	"fmt"
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
type Invalid struct{ Problems []Problem }

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
