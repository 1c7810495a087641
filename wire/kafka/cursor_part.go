package kafka

// skip leaves n bytes out.
func (c *cursor) skip(n int) { c.take(n) }

// rest are the bytes that are left.
func (c *cursor) rest() []byte { return c.b[c.at:] }

// length is what a string or bytes say that they have: -1 is null. In flexible
// versions it is one more than it says, as a varint; else wide bytes.
func (c *cursor) length(flexible bool, wide int) int {
	switch {
	case flexible:
		return c.uvarint() - 1
	case wide == 2:
		return int(c.int16())
	}
	return int(c.int32())
}

// claimed is the count of an array of which not all need be there yet: nobody may
// make anything of it alone.
func (c *cursor) claimed(flexible bool) int { return max(c.length(flexible, 4), 0) }
