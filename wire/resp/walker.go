package resp

import (
	"bytes"
	"cmp"
)

// Walker finds where a reply ends, without keeping anything of it. It goes on
// where it stopped when it is given more bytes, and bytes that were let out can
// be forgotten, so a reply of any length passes through a buffer of any. The
// zero value is not ready: see Start.
type Walker struct {
	pos    int // bytes walked of the buffer; beyond its end within a string
	gone   int // bytes forgotten
	seen   int // bytes of the line at pos that have no end in them
	limit  int
	text   bool // pos is at the CRLF behind a string
	long   bool // pos is within a line of text that is let out in pieces
	begun  bool // the reply itself has begun, not only its attributes
	kind   byte // of the head
	head   Span
	number int64
	// Elements to come, keys and values counted each, of all aggregates that
	// have begun: which of them one belongs to does not matter for the end. A
	// script may nest some thousand, and must not cost the others on a shared
	// connection theirs. Those of the attributes before a reply are apart, as
	// none of them is its head.
	left, before int64
}

// Start readies w for a reply that may take limit bytes.
func (w *Walker) Start(limit int) {
	*w = Walker{limit: limit}
	w.left = 1
}

// Head is the reply's first line without its CRLF, attributes before it left
// out: of a simple reply or an error all of it, as far as it has come. It is there
// once Begun.
func (w *Walker) Head() Span { return w.head }

// Begun tells whether the reply's first line is known.
func (w *Walker) Begun() bool { return w.begun }

// Kind is the first byte of the reply's own first line, once Begun; it is there
// when the line itself is forgotten.
func (w *Walker) Kind() byte { return w.kind }

// Count is how many elements the reply has, pairs of a map, or bytes of a
// string; -1 of a null, once Begun.
func (w *Walker) Count() int64 { return w.number }

// Walked is how many bytes of the buffer are done with, beyond its end within a
// string: what stands before may be let out and forgotten.
func (w *Walker) Walked() int { return w.pos }

// Forget says that the buffer's first n bytes are gone, at most as many as were
// walked. Head is right no longer if it was among them.
func (w *Walker) Forget(n int) {
	w.pos -= n
	w.gone += n
	w.head.Start -= n
	w.head.End -= n
}

// Need is how many bytes the buffer must have at least for Walk to go on.
func (w *Walker) Need() int {
	if w.text {
		return w.pos + 2
	}
	return w.pos + w.seen + 1
}

// Walk walks on through the reply that b begins with and returns where it ends.
// b begins with the same byte at each call, but for Forget. The problem is More
// while the end is not in b; after another one the connection is of no use.
func (w *Walker) Walk(b []byte) (end int, problem *Problem) {
	for {
		if w.pos+w.gone > w.limit {
			return 0, errReplySize
		}
		if w.text {
			if p := w.textEnd(b); p != nil {
				return 0, p
			}
		}
		if w.long {
			if p := w.lineEnd(b); p != nil {
				return 0, p
			}
		}
		if w.left == 0 {
			return w.pos, nil
		}
		if p := w.element(b); p != nil {
			if p == More && len(b)+w.gone > w.limit {
				p = errReplySize
			}
			return 0, p
		}
	}
}

// textEnd goes past the CRLF behind a string.
func (w *Walker) textEnd(b []byte) *Problem {
	if w.pos < len(b) && b[w.pos] != '\r' || w.pos+1 < len(b) && b[w.pos+1] != '\n' {
		return errReplyEnd
	}
	if w.pos+2 > len(b) {
		return More
	}
	w.pos += 2
	w.text = false
	return nil
}

// longLine is how many bytes of a text without its end make it one that is let
// out in pieces: a script may answer with a simple string or an error of any
// length, and must not cost the others on a shared connection theirs.
const longLine = 8 << 10

// isText tells of the kinds whose line is text.
func isText(kind byte) bool { return kind == '+' || kind == '-' }

// lineEnd goes past the end of a long line. The last byte that is there stays: it
// may be the CR.
func (w *Walker) lineEnd(b []byte) *Problem {
	i := bytes.IndexByte(b[min(w.pos, len(b)):], '\n')
	switch {
	case i < 0 && len(b)+w.gone > w.limit:
		return errReplySize
	case i < 0:
		w.pos = max(w.pos, len(b)-1)
		return More
	case i == 0 || b[w.pos+i-1] != '\r':
		return errReplyLine
	}
	w.pos += i + 1
	w.long = false
	return nil
}

// element goes past the first line of the next element.
func (w *Walker) element(b []byte) *Problem {
	if w.pos >= len(b) {
		return More
	}
	kind := b[w.pos]
	if kinds[kind] == noKind {
		return errReplyType
	}
	from := w.pos + w.seen
	i := bytes.IndexByte(b[from:], '\n')
	if i < 0 {
		switch w.seen = len(b) - w.pos; {
		case w.seen > longLine && isText(kind):
			line := Span{w.pos, len(b)}
			w.pos, w.seen, w.long = len(b)-1, 0, true
			return cmp.Or(w.enter(kind, line, nil), More)
		case w.seen > maxReplyLine:
			return errReplyLine
		}
		return More
	}
	stop := from + i
	if stop-w.pos < 2 || b[stop-1] != '\r' || stop-w.pos > maxReplyLine && !isText(kind) {
		return errReplyLine
	}
	line := Span{w.pos, stop - 1}
	w.pos, w.seen = stop+1, 0
	return w.enter(kind, line, b[line.Start+1:line.End])
}

// enter takes the element whose first line is known: value is that line without
// its type.
func (w *Walker) enter(kind byte, line Span, value []byte) *Problem {
	if kind == '>' && (w.begun || w.before > 0) {
		return errReplyPlace
	}
	n, p := kinds[kind].count(kind, value)
	if p != nil {
		return p
	}
	open := &w.left
	switch {
	case w.begun:
	case w.before > 0 || kind == '|':
		open = &w.before
	default:
		w.begun, w.kind, w.head, w.number = true, kind, line, n
	}
	if kind != '|' { // an attribute is no element of what it stands in
		*open--
	}
	left := w.limit - w.gone - w.pos
	switch k := kinds[kind]; {
	case n <= 0 && k != aText:
	case k == aText:
		if n < 0 {
			return nil
		}
		if n > int64(left) {
			return errReplySize
		}
		w.pos += int(n)
		w.text = true
	case k == anArray || k == aMap:
		if k == aMap {
			n *= 2
		}
		if n > int64(left)/leastElement {
			return errReplySize
		}
		*open += n
	}
	return nil
}

// WalkReply is where the reply ends that b begins with and has whole.
func WalkReply(b []byte) (end int, problem *Problem) {
	var w Walker
	w.Start(len(b))
	return w.Walk(b)
}
