package kafka

// The first versions whose layout has hints as a tagged field (KIP-951).
const (
	produceHints = 10
	fetchHints   = 16
)

// seekHints is where in a whole answer addresses may stand: in front of the tagged fields
// of an answer to Produce or Fetch, of the array in one to ShareFetch or
// ShareAcknowledge. In versions without tagged fields they stand nowhere, and c is
// at the end.
func seekHints(key, version int16, frame []byte) (c cursor, p *Problem) {
	l := layoutOf(key)
	if c, p = answerBody(frame, version, l.most, l.flexible); p != nil {
		return c, p
	}
	if version < l.flexible {
		c.at = len(frame)
		return c, nil
	}
	var w Walker
	w.begin(key, version, len(frame)-AnswerHead, toSeek)
	_, p = w.walk(frame[AnswerHead:])
	if p == walkHere {
		c.at = len(frame) - w.left
		return c, nil
	}
	if p == More || p == walkEnded {
		p = errAnswer
	}
	return c, p
}

// rewriteHintTag rewrites the list of brokers among the tagged fields at the end of
// an answer to Produce or Fetch. A field that is empty then goes, and so does one in
// a version that has none by its definition: clients stumble over it.
func rewriteHintTag(dst []byte, key, version int16, frame []byte, p Places) (out []byte, changed bool, problem *Problem) {
	c, problem := seekHints(key, version, frame)
	if problem != nil {
		return dst, false, problem
	}
	if version < layoutOf(key).flexible {
		return dst, false, nil
	}
	hinted, ok := hasHint(c)
	switch {
	case !ok:
		return dst, false, errAnswer
	case !hinted:
		return dst, false, nil
	}
	if key == KeyProduce && version < produceHints || key == KeyFetch && version < fetchHints {
		p = Strip(p)
	}
	dst = append(dst, frame[:c.at]...)
	n := c.uvarint()
	at := len(dst)
	dst = appendCount(dst, n-1, true) // a count of tagged fields is not one higher
	width := len(dst) - at
	left := n
	for range n {
		from := c.at
		number, content := c.uvarint(), c.take(c.uvarint())
		switch {
		case number != 0:
			dst = append(dst, frame[from:c.at]...)
		default:
			var kept bool
			if dst, kept, ok = appendHint(dst, content, p); !ok {
				return dst, false, errAnswer
			}
			if !kept {
				left--
			}
		}
	}
	return recount(dst, at, width, left-1, true), true, nil
}

// hasHint says whether there are hints among the tagged fields at c; not ok if these
// are not all that is left.
func hasHint(c cursor) (hinted, ok bool) {
	for n := c.uvarint(); n > 0 && !c.bad; n-- {
		if c.uvarint() == 0 {
			hinted = true
		}
		c.take(c.uvarint())
	}
	return hinted, c.whole()
}

// appendHint appends a tagged field of hints; not kept if no broker in it has a
// place.
func appendHint(dst, content []byte, p Places) (out []byte, kept, ok bool) {
	c := cursor{b: content}
	from := len(dst)
	dst = append(dst, 0)
	at := len(dst)
	dst, brokers := appendBrokers(dst, &c, shape{flexible: true, rack: true}, p)
	if !c.whole() {
		return dst, false, false
	}
	if brokers == 0 {
		return dst[:from], false, true
	}
	return prefixLength(dst, at), true, true
}

// prefixLength puts the length of what begins at dst[at:] before it.
func prefixLength(dst []byte, at int) []byte {
	size := len(dst) - at
	width := 1
	for size>>(7*width) > 0 {
		width++
	}
	dst = append(dst, make([]byte, width)...)
	copy(dst[at+width:], dst[at:at+size])
	appendCount(dst[:at], size-1, true)
	return dst
}

// rewriteHintArray rewrites the list of brokers at the end of an answer to
// ShareFetch or ShareAcknowledge.
func rewriteHintArray(dst []byte, key, version int16, frame []byte, p Places) (out []byte, changed bool, problem *Problem) {
	c, problem := seekHints(key, version, frame)
	if problem != nil {
		return dst, false, problem
	}
	from := len(dst)
	dst, changed, problem = spliceBrokers(dst, &c, shape{flexible: true, rack: true}, p)
	if !changed || problem != nil {
		c.count(true, leastNode)
	}
	if c.tags(true); !c.whole() {
		return dst[:from], false, errAnswer
	}
	return dst, changed, problem
}
