package thrift

import "encoding/binary"

// Container is the head of a list, a set or a map; of the first two, Key is
// WireStop.
type Container struct {
	N          int
	Key, Value Wire
}

// containerHead reads the head of the container of type t at b[at:], and where
// the first element begins. What it says is not checked: see fits.
func containerHead(p Protocol, b []byte, at int, t Wire) (c Container, next int, problem *Problem) {
	switch {
	case p == Compact && t == WireMap:
		return compactMap(b, at)
	case p == Compact:
		return compactList(b, at)
	}
	if t == WireMap {
		if at >= len(b) {
			return c, at, More
		}
		c.Key = Wire(b[at])
		at++
	}
	if len(b)-at < 5 {
		return c, at, More
	}
	c.Value = Wire(b[at])
	n := int32(binary.BigEndian.Uint32(b[at+1:]))
	if n < 0 {
		return c, at, errNegative
	}
	c.N = int(n)
	if c.Key == WireStop && t == WireMap && n > 0 {
		return c, at, errFieldType
	}
	return c, at + 5, nil
}

func compactList(b []byte, at int) (c Container, next int, p *Problem) {
	if at >= len(b) {
		return c, at, More
	}
	c.Value, c.N = compactWire(b[at]), int(b[at]>>4)
	at++
	if c.N == 15 {
		c.N, at, p = compactLength(b, at)
	}
	return c, at, p
}

// compactMap reads the head of a map, which has no types if it is empty.
func compactMap(b []byte, at int) (c Container, next int, p *Problem) {
	if c.N, at, p = compactLength(b, at); p != nil || c.N == 0 {
		return c, at, p
	}
	if at >= len(b) {
		return c, at, More
	}
	c.Key, c.Value = compactWire(b[at]>>4), compactWire(b[at])
	if c.Key == WireStop {
		return c, at, errFieldType
	}
	return c, at + 1, nil
}

// fits tells what is wrong with c if left bytes of the message are left for its
// elements.
func (c Container) fits(p Protocol, left int) *Problem {
	least := leastBinary
	if p == Compact {
		least = leastCompact
	}
	key, value := c.Key.of(least), c.Value.of(least)
	if key == 0 && c.Key != WireStop || value == 0 && (c.Value != WireStop || c.N > 0) {
		return errFieldType
	}
	if c.N > 0 && (left <= 0 || c.N > left/(key+value)) {
		return errCount
	}
	return nil
}

// length reads the length of a string at b[at:], and where its bytes begin.
func length(p Protocol, b []byte, at int) (n, next int, problem *Problem) {
	if p == Compact {
		return compactLength(b, at)
	}
	if len(b)-at < 4 {
		return 0, at, More
	}
	size := int32(binary.BigEndian.Uint32(b[at:]))
	if size < 0 {
		return 0, at, errNegative
	}
	return int(size), at + 4, nil
}

// compactLength reads a length or count, which other readers take as signed.
func compactLength(b []byte, at int) (n, next int, p *Problem) {
	v, next, p := uvarint(b, at, 32)
	if p == nil && v > 1<<31-1 {
		p = errNegative
	}
	return int(v), next, p
}
