package config

import (
	"strings"

	"github.com/BurntSushi/toml"
)

const (
	// maxDepth is how deep lists and tables may be nested in values. Both the
	// decoder and the scanner go down by recursion; no setting needs more
	// than 3.
	maxDepth = 16
	// maxNames is how many names may be joined by dots to one key; no setting
	// needs more than 4.
	maxNames = 16
)

// scanner finds out where keys and values begin. It understands no more of TOML
// than that takes, and gives no errors: what it makes of a text that is not
// TOML does not matter, since the decoder refuses that. It gets through any text
// in one pass.
type scanner struct {
	src  string
	pos  int
	line int
	deep int // the line on which maxDepth or maxNames was exceeded
}

// scan marks the keys of a text. deep is the first line on which something is
// nested too deeply for the decoder, 0 if there is none.
func scan(src string) (root *mark, deep int) {
	// The decoder leaves out the marks that editors put first; one of UTF-16
	// too, after which it takes UTF-8.
	for _, order := range []string{"\ufeff", "\xff\xfe", "\xfe\xff"} {
		if rest, ok := strings.CutPrefix(src, order); ok {
			src = rest
			break
		}
	}
	s := scanner{src: src, line: 1}
	root = &mark{line: 1}
	table := root
	for s.blank(); s.more(); s.blank() {
		if s.src[s.pos] == '[' {
			table = s.header(root)
		} else {
			s.pair(table, 0)
		}
		s.skip(func(c byte) bool { return c != '\n' })
	}
	return root, s.deep
}

// header reads [a.b] or [[a.b]] and returns the mark of that table.
func (s *scanner) header(root *mark) *mark {
	s.pos++
	list := s.at("[")
	names := s.names()
	table := root
	for i, name := range names {
		table = table.enter(name, s.line)
		if n := len(table.items); n > 0 && (i < len(names)-1 || !list) {
			table = table.items[n-1] // a name on the way means its last element
		}
	}
	if list {
		if table.line == 0 {
			table.line = s.line
		}
		return table.add(s.line)
	}
	table.line = s.line
	return table
}

// pair reads a.b = value.
func (s *scanner) pair(table *mark, depth int) {
	m := table
	for _, name := range s.names() {
		m = m.enter(name, s.line)
	}
	m.line = s.line
	if s.at("=") {
		s.value(m, depth)
	}
}

// names reads a key: names joined by dots.
func (s *scanner) names() []string {
	var names []string
	for {
		s.skip(isSpace)
		names = append(names, s.name())
		s.skip(isSpace)
		if !s.at(".") {
			return names
		}
		if len(names) == maxNames {
			s.tooDeep()
			return names
		}
	}
}

func (s *scanner) name() string {
	from := s.pos
	if s.more() && (s.src[s.pos] == '"' || s.src[s.pos] == '\'') {
		s.quoted()
		return unquoted(s.src[from:s.pos])
	}
	s.skip(func(c byte) bool { return strings.IndexByte(" \t\r\n.=[]{},#\"'", c) < 0 })
	return s.src[from:s.pos]
}

// unquoted is the name that a quoted one stands for. Escapes are left to the
// decoder.
func unquoted(raw string) string {
	if len(raw) < 2 {
		return raw
	}
	if raw[0] == '\'' || !strings.Contains(raw, `\`) {
		return raw[1 : len(raw)-1]
	}
	var v struct{ K string }
	if _, err := toml.Decode("K = "+raw, &v); err != nil {
		return raw
	}
	return v.K
}

// value reads one value into its mark.
func (s *scanner) value(m *mark, depth int) {
	if s.skip(isSpace); !s.more() {
		return
	}
	switch s.src[s.pos] {
	case '[':
		s.inside(']', depth, func() {
			s.value(m.add(s.line), depth+1)
		})
	case '{':
		s.inside('}', depth, func() { s.pair(m, depth+1) })
	case '"', '\'':
		s.quoted()
	default: // a number, a date, true or false
		s.skip(func(c byte) bool { return strings.IndexByte(",]}#\n", c) < 0 })
	}
}

// inside reads what stands between brackets, an element at a time.
func (s *scanner) inside(end byte, depth int, element func()) {
	if depth == maxDepth {
		s.tooDeep()
		return
	}
	s.pos++
	for s.blank(); s.more(); s.blank() {
		from := s.pos
		switch s.src[s.pos] {
		case end:
			s.pos++
			return
		case ',':
			s.pos++
		default:
			element()
		}
		if s.pos == from {
			s.pos++ // not TOML
		}
	}
}

// quoted reads a string of any of the four kinds.
func (s *scanner) quoted() {
	end := s.src[s.pos : s.pos+1]
	long := strings.HasPrefix(s.src[s.pos:], strings.Repeat(end, 3))
	if long {
		s.pos += 3
	} else {
		s.pos++
	}
	for s.more() {
		switch c := s.src[s.pos]; {
		case c == '\\' && end == `"`:
			s.pos++ // what follows is no end, whatever it is
			if s.more() && s.src[s.pos] != '\n' {
				s.pos++
			}
		case c == '\n' && !long:
			return // not TOML
		case c == '\n':
			s.line++
			s.pos++
		case !long && s.at(end):
			return
		case long && s.at(strings.Repeat(end, 3)):
			// Up to two of the text's own may stand before the end.
			for range 2 {
				s.at(end)
			}
			return
		default:
			s.pos++
		}
	}
}

// blank skips to the next thing that is not space, line end or comment.
func (s *scanner) blank() {
	for s.more() {
		switch c := s.src[s.pos]; {
		case c == '\n':
			s.line++
			s.pos++
		case c == '#':
			s.skip(func(c byte) bool { return c != '\n' })
		case isSpace(c):
			s.pos++
		default:
			return
		}
	}
}

// skip goes on while the bytes are of a kind that has no line end in it.
func (s *scanner) skip(kind func(byte) bool) {
	for s.more() && kind(s.src[s.pos]) {
		s.pos++
	}
}

// at takes text if it is next.
func (s *scanner) at(text string) bool {
	if !strings.HasPrefix(s.src[s.pos:], text) {
		return false
	}
	s.pos += len(text)
	return true
}

func (s *scanner) more() bool { return s.pos < len(s.src) }

// tooDeep ends the scan.
func (s *scanner) tooDeep() {
	s.deep = s.line
	s.pos = len(s.src)
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }
