package kafka

import "encoding/binary"

// shape is which fields an element of a list of brokers has.
type shape struct{ flexible, rack, fenced bool }

// leastBroker is how many bytes an element has at least: id, host and port, and
// where a length takes less than two bytes, what follows.
const leastBroker = 4 + 2 + 4

// appendBrokers appends the list of brokers at c, each at its place. One that has
// no place is left out, as a broker leaves out those that have no address on the
// listener it was asked by: clients know that (a leader that is not in the list is
// not available, and they ask again later). An empty host and port 0 would be
// dialled: Java's resolver takes "" for the loopback address.
func appendBrokers(dst []byte, c *cursor, s shape, p Places) (out []byte, kept int) {
	n := c.count(s.flexible, leastBroker)
	at := len(dst)
	dst = appendCount(dst, n, s.flexible)
	width := len(dst) - at
	for i := 0; i < n && !c.bad; i++ {
		var ok bool
		if dst, ok = appendBroker(dst, c, s, p); ok {
			kept++
		}
	}
	if n > kept {
		dst = recount(dst, at, width, kept, s.flexible)
	}
	return dst, kept
}

// appendBroker appends one; false if it is left out. What names no host holds no
// address and stays as it is; a host without a node's id cannot be given a place.
func appendBroker(dst []byte, c *cursor, s shape, p Places) (out []byte, kept bool) {
	from := c.at
	node, host, port := c.int32(), c.text(s.flexible), c.int32()
	rest := c.at
	if s.rack {
		c.text(s.flexible)
	}
	if s.fenced {
		c.take(1)
	}
	c.tags(s.flexible)
	if c.bad {
		return dst, false
	}
	if len(host) == 0 {
		return append(dst, c.b[from:c.at]...), true
	}
	place, placePort, ok := findPlace(p, node, host, port)
	if !ok {
		return dst, false
	}
	dst = appendAddress(dst, node, place, placePort, s.flexible)
	return append(dst, c.b[rest:c.at]...), true
}

// findPlace learns where node is and asks where clients find it.
func findPlace(p Places, node int32, host []byte, port int32) (place string, placePort int32, ok bool) {
	if node < 0 {
		return "", 0, false
	}
	p.Learn(node, host, port)
	return p.Place(node)
}

func appendAddress(dst []byte, node int32, host string, port int32, flexible bool) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(node))
	if flexible {
		dst = binary.AppendUvarint(dst, uint64(len(host))+1)
	} else {
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(host)))
	}
	dst = append(dst, host...)
	return binary.BigEndian.AppendUint32(dst, uint32(port))
}

func appendCount(dst []byte, n int, flexible bool) []byte {
	if flexible {
		return binary.AppendUvarint(dst, uint64(n+1))
	}
	return binary.BigEndian.AppendUint32(dst, uint32(int32(n)))
}

// recount changes the count at dst[at:], width bytes wide, to a smaller one; what
// follows moves up if it takes fewer bytes now.
func recount(dst []byte, at, width, n int, flexible bool) []byte {
	if !flexible {
		binary.BigEndian.PutUint32(dst[at:], uint32(n))
		return dst
	}
	now := binary.PutUvarint(dst[at:at+width], uint64(n+1))
	if now == width {
		return dst
	}
	moved := copy(dst[at+now:], dst[at+width:])
	return dst[:at+now+moved]
}
