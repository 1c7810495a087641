package thrift

// cutter finds where the message that a buffer begins with ends. It reads no
// value, but for an unframed one, which ends where its struct does.
type cutter struct {
	max  int // bytes of a message without its frame
	head int // where the unframed message's struct begins, 0 while that is unknown
	walk *Walker
}

// begin readies c for the next message.
func (c *cutter) begin(maxFrame int) { c.max, c.head = maxFrame, 0 }

// next is how many bytes the message in e that b begins with has on the wire, or
// how many bytes of b it takes to say more: at least one more than there are. b
// begins with the same byte at each call. The problem is More while the message
// is not whole.
func (c *cutter) next(e Encoding, b []byte) (size int, problem *Problem) {
	if e.Transport == Unframed {
		return c.unframed(e.Protocol, b)
	}
	n, p := FrameSize(b, c.max)
	switch {
	case p == More:
		return FrameHead, More
	case p != nil:
		return 0, p
	case len(b) < FrameHead+n:
		if e.Transport == Framed && len(b) > FrameHead { // nobody waits for the rest of what is no message
			if _, p := ParseHead(e.Protocol, b[FrameHead:]); p != nil {
				return FrameHead + n, p
			}
		}
		return FrameHead + n, More
	}
	return FrameHead + n, nil
}

func (c *cutter) unframed(pr Protocol, b []byte) (size int, problem *Problem) {
	if c.head == 0 {
		h, p := ParseHead(pr, b)
		if p != nil {
			return len(b) + 1, p
		}
		if c.walk == nil {
			c.walk = new(Walker)
		}
		c.head = h.Body
		c.walk.Start(pr, c.max-h.Body)
	}
	end, p := c.walk.Walk(b[c.head:])
	if p != nil {
		return len(b) + 1, p
	}
	return c.head + end, nil
}
