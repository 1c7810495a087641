package resp

import "bytes"

// replyReader reads the elements of a reply one after the other. The reply is
// one that WalkReply has walked, whole; where it is not of the form that is
// expected, bad is set and everything is empty from there.
type replyReader struct {
	b   []byte
	at  int
	bad bool
}

// head is the next element's first byte and line, which it goes past.
func (r *replyReader) head() (kind byte, line []byte) {
	rest := r.b[r.at:]
	i := bytes.Index(rest, crlf)
	if r.bad || i < 1 {
		r.bad = true
		return 0, nil
	}
	r.at += i + 2
	return rest[0], rest[1:i]
}

// list goes into an array, set or map and tells how many elements it has, both
// of a pair counted.
func (r *replyReader) list() (n int, ok bool) {
	kind, line := r.head()
	count, isNumber := number(line)
	switch {
	case !isNumber || count < 0 || count > int64(len(r.b)):
		r.bad = true
		return 0, false
	case kind == '%':
		return 2 * int(count), true
	case kind == '*' || kind == '~':
		return int(count), true
	}
	r.bad = true
	return 0, false
}

// null goes past a null, if it is the next.
func (r *replyReader) null() bool {
	for _, null := range []string{"*-1\r\n", "$-1\r\n", "_\r\n"} {
		if bytes.HasPrefix(r.b[r.at:], []byte(null)) {
			r.at += len(null)
			return true
		}
	}
	return false
}

// text goes past a simple or bulk string.
func (r *replyReader) text() []byte {
	kind, line := r.head()
	if kind == '+' {
		return line
	}
	n, ok := number(line)
	if kind != '$' || !ok || n < 0 || n > int64(len(r.b)-r.at-2) {
		r.bad = true
		return nil
	}
	text := r.b[r.at : r.at+int(n)]
	r.at += int(n) + 2
	return text
}

func (r *replyReader) integer() int {
	kind, line := r.head()
	n, ok := number(line)
	if kind != ':' || !ok || n != int64(int32(n)) {
		r.bad = true
		return 0
	}
	return int(n)
}

// flags reads a list of COMMAND's flags.
func (r *replyReader) flags() (f Flags) {
	n, _ := r.list()
	for range n {
		switch string(r.text()) {
		case "write":
			f |= write
		case "readonly":
			f |= reads
		case "blocking":
			f |= blocks
		case "pubsub":
			f |= pubsub
		case "noscript":
			f |= noscript
		case "admin":
			f |= admin
		case "movablekeys":
			f |= movable
		}
		if r.bad {
			return 0
		}
	}
	return f
}

// skip goes past one element with all that is in it.
func (r *replyReader) skip() {
	if r.bad {
		return
	}
	n, p := WalkReply(r.b[r.at:])
	if p != nil {
		r.bad = true
		return
	}
	r.at += n
}
