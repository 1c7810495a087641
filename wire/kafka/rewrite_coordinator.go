package kafka

import "encoding/binary"

const (
	coordinatorMost     = 6
	coordinatorFlexible = 3
	coordinatorMany     = 4 // answers for many keys at once (KIP-699)
)

// notAvailable is COORDINATOR_NOT_AVAILABLE: what a broker says, with no node,
// where the coordinator has no address on the listener it was asked by. So do
// answers here whose coordinator has no place; clients ask again.
const notAvailable = 15

// rewriteCoordinator replaces the addresses of an answer to FindCoordinator.
func rewriteCoordinator(dst []byte, version int16, frame []byte, p Places) (out []byte, changed bool, problem *Problem) {
	c, problem := answerBody(frame, version, coordinatorMost, coordinatorFlexible)
	if problem != nil {
		return dst, false, problem
	}
	if version >= 1 {
		c.take(4) // throttle time
	}
	from := len(dst)
	if version >= coordinatorMany {
		dst = appendCoordinators(dst, &c, p)
	} else {
		dst = appendCoordinator(dst, &c, version, p)
	}
	c.tags(version >= coordinatorFlexible)
	if !c.whole() {
		return dst, false, errAnswer
	}
	return dst, len(dst) > from, nil
}

// appendCoordinator appends the frame of c, whose one coordinator is at c; nothing
// if it has none.
func appendCoordinator(dst []byte, c *cursor, version int16, p Places) []byte {
	flexible := version >= coordinatorFlexible
	failed := c.at // where the error stands
	c.take(2)
	if version >= 1 {
		c.text(flexible) // message
	}
	from := c.at
	node, host, port := c.int32(), c.text(flexible), c.int32()
	if c.bad || len(host) == 0 {
		return dst
	}
	at := len(dst)
	dst = append(dst, c.b[:from]...)
	if place, placePort, ok := findPlace(p, node, host, port); ok {
		dst = appendAddress(dst, node, place, placePort, flexible)
	} else {
		binary.BigEndian.PutUint16(dst[at+failed:], notAvailable)
		dst = appendAddress(dst, -1, "", -1, flexible)
	}
	return append(dst, c.b[c.at:]...)
}

// appendCoordinators is the same for a list of them.
func appendCoordinators(dst []byte, c *cursor, p Places) []byte {
	dst = append(dst, c.b[:c.at]...)
	from := c.at
	n := c.count(true, 1+4+1+4+2+1+1)
	dst = append(dst, c.b[from:c.at]...)
	for ; n > 0 && !c.bad; n-- {
		from = c.at
		c.text(true) // the group or transactional id
		to := c.at
		node, host, port := c.int32(), c.text(true), c.int32()
		behind := c.at
		c.take(2)    // error
		c.text(true) // message
		c.tags(true)
		if c.bad {
			break
		}
		if len(host) == 0 {
			dst = append(dst, c.b[from:c.at]...)
			continue
		}
		dst = append(dst, c.b[from:to]...)
		if place, placePort, ok := findPlace(p, node, host, port); ok {
			dst = appendAddress(dst, node, place, placePort, true)
		} else {
			dst = appendAddress(dst, -1, "", -1, true)
			dst = binary.BigEndian.AppendUint16(dst, notAvailable)
			behind += 2
		}
		dst = append(dst, c.b[behind:c.at]...)
	}
	return append(dst, c.b[c.at:]...)
}
