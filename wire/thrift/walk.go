package thrift

// Walker finds where a struct ends, without keeping anything of it. It goes on
// where it stopped when it is given more bytes, so that an unframed message
// costs one pass however many pieces it comes in. The zero value is not ready:
// see Start. It takes half a kilobyte.
type Walker struct {
	pos   int // bytes walked; beyond the bytes at hand within a long value
	limit int
	depth int // of the innermost in open
	p     Protocol
	open  [maxDepth]level
}

// level is a struct or container that has begun and not ended.
type level struct {
	left       int32 // elements to come, keys and values counted each; structLevel
	key, value Wire  // of the elements; a list's are all values
}

// structLevel is level.left of a struct, which says its end itself.
const structLevel = -1

// Start readies w for a struct in p that may take limit bytes.
func (w *Walker) Start(p Protocol, limit int) {
	w.pos, w.limit, w.depth, w.p = 0, min(limit, maxSize), 0, p
	w.open[0] = level{left: structLevel}
}

// Walk walks on through the struct that b begins with and returns where it ends.
// b begins with the same byte at each call. The problem is More while the end is
// not in b; after another one w is over.
func (w *Walker) Walk(b []byte) (end int, problem *Problem) {
	for {
		if w.pos > len(b) {
			if w.pos > w.limit {
				return 0, errValueSize
			}
			return 0, More
		}
		var p *Problem
		switch l := &w.open[w.depth]; {
		case l.left == structLevel:
			p = w.field(b)
		case l.left > 0:
			p = w.element(b, l)
		default:
			w.depth-- // never the outermost, which is a struct
		}
		switch {
		case p == More && len(b) >= w.limit:
			return 0, errValueSize
		case p != nil:
			return 0, p
		case w.depth < 0:
			return w.pos, nil
		}
	}
}

// WalkStruct is where the struct in p ends that b begins with. One that does
// not end in b is a problem other than More.
func WalkStruct(p Protocol, b []byte) (end int, problem *Problem) {
	var w Walker
	w.Start(p, len(b))
	end, problem = w.Walk(b)
	if problem == errValueSize || problem == More {
		problem = errShort
	}
	return end, problem
}

// field goes past a field's head and what its value begins with, or past the
// struct's end. Where b does not have both, w stays as it is.
func (w *Walker) field(b []byte) *Problem {
	if w.pos >= len(b) {
		return More
	}
	c := b[w.pos]
	if c == 0 {
		w.pos++
		w.depth--
		return nil
	}
	if w.p != Compact {
		return w.begin(b, w.pos+3, Wire(c))
	}
	t, at := compactWire(c), w.pos+1
	if t == WireStop {
		return errStop
	}
	if c < 1<<4 { // the id stands on its own
		var p *Problem
		if _, at, p = uvarint(b, at, 16); p != nil {
			return p
		}
	}
	if t == WireBool {
		w.pos = at // the value stood in the type
		return nil
	}
	return w.begin(b, at, t)
}

// element goes past what an element of l begins with.
func (w *Walker) element(b []byte, l *level) *Problem {
	t := l.value
	if l.left&1 == 0 && l.key != WireStop {
		t = l.key
	}
	p := w.begin(b, w.pos, t)
	if p == nil {
		l.left-- // of l, though an element's own level may be the innermost now
	}
	return p
}

// begin goes past what a value of type t at b[at:] begins with: all of it, but
// of structs and containers, which become the innermost. Where b does not have
// that, w stays as it is.
func (w *Walker) begin(b []byte, at int, t Wire) *Problem {
	if n := t.of(fixedIn(w.p)); n > 0 {
		w.pos = at + n
		return nil
	}
	switch t {
	case WireI16, WireI32, WireI64: // of the compact protocol
		_, next, p := uvarint(b, at, t.bits())
		if p == nil {
			w.pos = next
		}
		return p
	case WireString:
		n, next, p := length(w.p, b, at)
		if p != nil {
			return p
		}
		if n > w.limit-next {
			return errValueSize
		}
		w.pos = next + n
		return nil
	case WireStruct:
		return w.push(at, level{left: structLevel})
	case WireList, WireSet, WireMap:
		c, next, p := containerHead(w.p, b, at, t)
		if p != nil {
			return p
		}
		return w.enter(next, c)
	}
	return errFieldType
}

// enter goes past a container's head, and past its elements if they are all of
// one length.
func (w *Walker) enter(at int, c Container) *Problem {
	if p := c.fits(w.p, w.limit-at); p != nil {
		return p
	}
	if c.N == 0 {
		w.pos = at
		return nil
	}
	fixed := fixedIn(w.p)
	value := c.Value.of(fixed)
	if c.Key == WireStop {
		if value > 0 {
			w.pos = at + c.N*value
			return nil
		}
		return w.push(at, level{int32(c.N), WireStop, c.Value})
	}
	if key := c.Key.of(fixed); key > 0 && value > 0 {
		w.pos = at + c.N*(key+value)
		return nil
	}
	return w.push(at, level{int32(2 * c.N), c.Key, c.Value})
}

// push makes l, whose first byte is at at, the innermost.
func (w *Walker) push(at int, l level) *Problem {
	if w.depth == maxDepth-1 {
		return errDepth
	}
	w.pos = at
	w.depth++
	w.open[w.depth] = l
	return nil
}
