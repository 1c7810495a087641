package kafka

// walk goes through b until a step stops it: More if b ends, ended behind the last.
// It calls nobody, so that a Walker can stand on the stack.
func (w *Walker) walk(b []byte) ([]byte, *Problem) {
	if l := w.layout; l == nil || w.version < l.first || w.version > l.most {
		return nil, errVersion
	}
	if w.held+len(b) > w.left {
		return nil, errLength
	}
	for {
		if b = w.passOver(b); w.pass > 0 {
			return nil, More
		}
		var p *Problem
		if b, p = w.next(b); p != nil {
			return b, p
		}
	}
}

// passOver goes over the bytes that no step reads.
func (w *Walker) passOver(b []byte) []byte {
	n := min(w.pass, len(b))
	if n == 0 {
		return b
	}
	switch w.how {
	case keep:
		w.at.named += copy(w.at.name[w.at.named:], b[:n])
	case covered:
		w.fields.cover(b[:n])
	}
	w.pass -= n
	w.left -= n
	return b[n:]
}

// next takes the next step, whose bytes may have come in several pieces.
func (w *Walker) next(b []byte) ([]byte, *Problem) {
	if w.held == 0 {
		n, p := w.step(b)
		w.left -= n
		if p == More {
			return nil, w.hold(copy(w.part[:], b))
		}
		return b[n:], p
	}
	whole := w.held + copy(w.part[w.held:], b)
	n, p := w.step(w.part[:whole])
	if p == More {
		return nil, w.hold(whole)
	}
	if n == 0 {
		return nil, p // what was held is what was wrong
	}
	b = b[n-w.held:]
	w.left -= n
	w.held = 0
	return b, p
}

// hold keeps n bytes for a step that wants more. The last bytes of an answer are not
// to be waited for.
func (w *Walker) hold(n int) *Problem {
	if n == w.left {
		return errAnswer
	}
	w.held = n
	return More
}
