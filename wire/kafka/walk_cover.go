package kafka

// walkTags is where a walk is in tagged fields, and how addresses are covered.
type walkTags struct {
	counted, numbered bool
	left              int  // of them
	cover0            bool // the field under way holds addresses
	mask              [maxMask]byte
	masked, masks     int // bytes of mask that are written, and that there are
}

// An array of addresses is covered by an empty one, the count of tagged fields (1),
// the number of a field that nobody knows, and its length.
const (
	maxMask   = 3 + maxVarint
	noTag     = 0x7e // Kafka's own numbers are small and grow from 0
	leastTags = 2    // bytes of a tagged field: number and length
)

// cover takes what is in b away.
func (f *walkTags) cover(b []byte) {
	n := copy(b, f.mask[f.masked:f.masks])
	f.masked += n
	clear(b[n:])
}

// tagged reads the count of tagged fields, and the number and length of each.
func (w *Walker) tagged(do act, b []byte) (n int, p *Problem) {
	if do == doHints && w.purpose == toSeek {
		return 0, walkHere
	}
	if !w.flexible {
		w.pc++
		return 0, nil
	}
	v, n := uvarint(b)
	if n <= 0 {
		return 0, unread(n)
	}
	f := &w.fields
	switch {
	case !f.counted:
		if v > (w.left-n)/leastTags {
			return 0, errAnswer
		}
		f.counted, f.left = true, v
	case !f.numbered:
		f.numbered = true
		if f.cover0 = do == doHints && v == 0; f.cover0 {
			return n, w.hint(b, n)
		}
	default:
		if v > w.left-n {
			return 0, errAnswer
		}
		w.pass, w.how = v, over
		if f.cover0 && w.purpose == toCover {
			w.how = covered
		}
		f.numbered = false
		f.left--
	}
	if f.left == 0 {
		w.fields = walkTags{}
		w.pc++
	}
	return n, nil
}

// hint meets a tagged field with addresses, whose number b begins with. A number of
// one byte is never held back, so b is the answer itself and no copy; a longer way
// to write 0 is nobody's.
func (w *Walker) hint(b []byte, n int) *Problem {
	if n != 1 {
		return errAnswer
	}
	w.Hinted = true
	if w.purpose == toCover {
		b[0] = noTag
	}
	return nil
}

// endpoints meets an array of addresses. One that is not empty is covered together
// with all that follows, since the count of the tagged fields that come behind it
// would have to stand before them.
func (w *Walker) endpoints(b []byte) (n int, p *Problem) {
	switch {
	case w.purpose == toSeek:
		return 0, walkHere
	case len(b) == 0:
		return 0, More
	case b[0] <= 1: // null or empty
		w.pc++
		return 1, nil
	case w.left < 1+leastNode+1:
		return 0, errAnswer
	}
	w.Hinted = true
	w.pc = len(w.layout.steps)
	w.pass, w.how = w.left, over
	if w.purpose == toCover {
		w.how = covered
		w.fields = maskOf(w.left)
	}
	return 0, nil
}

// maskOf is what covers size bytes: what its field holds is the rest of them.
func maskOf(size int) walkTags {
	width := 1
	for size-3-width >= 1<<(7*width) {
		width++
	}
	f := walkTags{masks: 3 + width}
	copy(f.mask[:], []byte{1, 1, noTag})
	rest := size - f.masks
	for i := range width {
		f.mask[3+i] = byte(rest>>(7*i)) & 0x7f
		if i < width-1 {
			f.mask[3+i] |= 0x80
		}
	}
	return f
}
