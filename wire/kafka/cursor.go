package kafka

import "encoding/binary"

// cursor reads fields one after the other. What does not fit into the bytes that
// are left makes it bad, and whatever is read then is zero; so a caller asks once,
// behind the last field. Nothing is copied, and nothing allocated: a count says how
// many elements the bytes left could hold, not how many somebody claims.
type cursor struct {
	b   []byte
	at  int
	bad bool
}

// fail makes the cursor bad; loops over what it reads end by that.
func (c *cursor) fail() { c.bad, c.at = true, len(c.b) }

func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.b)-c.at {
		c.fail()
		return nil
	}
	b := c.b[c.at : c.at+n]
	c.at += n
	return b
}

func (c *cursor) int16() int16 {
	if b := c.take(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (c *cursor) int32() int32 {
	if b := c.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

// maxVarint is how many bytes an unsigned varint of 32 bits has at most.
const maxVarint = 5

func (c *cursor) uvarint() int {
	v, n := uvarint(c.b[c.at:])
	if n <= 0 {
		c.fail()
		return 0
	}
	c.at += n
	return v
}

// uvarint is the number that b begins with and its length in bytes: 0 if b ends in
// it, -1 if it is none of 31 bits (no length or count is larger).
func uvarint(b []byte) (v, n int) {
	for i, x := range b {
		if i == maxVarint-1 && x > 7 {
			return 0, -1
		}
		v |= int(x&0x7f) << (7 * i)
		if x < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}

// count is that of an array whose elements have at least so many bytes, -1 for
// null.
func (c *cursor) count(flexible bool, least int) int {
	var n int
	if flexible {
		n = c.uvarint() - 1
	} else {
		n = int(c.int32())
	}
	if n < -1 || n > 0 && n > (len(c.b)-c.at)/least {
		c.fail()
	}
	if c.bad {
		return -1
	}
	return n
}

// text is a string, nil where it is null.
func (c *cursor) text(flexible bool) []byte {
	var n int
	if flexible {
		n = c.uvarint() - 1
	} else {
		n = int(c.int16())
	}
	if n == -1 {
		return nil
	}
	return c.take(n)
}

// tags skips tagged fields (KIP-482).
func (c *cursor) tags(flexible bool) {
	if !flexible {
		return
	}
	for n := c.uvarint(); n > 0 && !c.bad; n-- {
		c.uvarint()
		c.take(c.uvarint())
	}
}

// whole says that everything was read, and nothing is left.
func (c *cursor) whole() bool { return !c.bad && c.at == len(c.b) }
