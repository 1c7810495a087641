package thrift

// uvarint reads the varint at b[pos:], of at most bits bits, and where it ends.
// Bytes beyond those bits, or bits beyond them in the last byte, are refused:
// readers cut them off, each in its own way.
func uvarint(b []byte, pos, bits int) (v uint64, next int, p *Problem) {
	for shift := 0; ; shift += 7 {
		if pos >= len(b) {
			return 0, pos, More
		}
		c := b[pos]
		pos++
		if left := bits - shift; left < 7 && c>>left != 0 {
			return 0, pos, errVarint
		}
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v, pos, nil
		}
	}
}

// appendUvarint writes v.
func appendUvarint(dst []byte, v uint64) []byte {
	for v >= 0x80 {
		dst = append(dst, byte(v)|0x80)
		v >>= 7
	}
	return append(dst, byte(v))
}

// zigzag is v with its sign in the lowest bit, unzig the way back.
func zigzag(v int64) uint64 { return uint64(v<<1) ^ uint64(v>>63) }
func unzig(v uint64) int64  { return int64(v>>1) ^ -int64(v&1) }
