package varz

import "math/bits"

// Buckets are log-linear: each power of two from 2^minExp to 2^maxExp ns is
// cut into 16, so a value is known to 1/16 (and told to about 1/32, from the
// middle of its bucket) at any scale. Below and above there is one bucket each.
const (
	subBits = 4
	minExp  = 10 // 1.024 us: nothing goes through a proxy faster
	maxExp  = 37 // 137 s: past every timeout that people configure
	below   = 0
	above   = 1 + (maxExp-minExp)<<subBits
	buckets = above + 1
)

// index is the bucket of ns, which is not negative.
func index(ns int64) int {
	e := bits.Len64(uint64(ns)) - 1
	if e < minExp {
		return below
	}
	if e >= maxExp {
		return above
	}
	return 1 + (e-minExp)<<subBits + int(uint64(ns)>>(uint(e)-subBits)&(1<<subBits-1))
}

// lower is the least value of bucket i, in nanoseconds. The lower edge of
// bucket i+1 is the upper edge of i; the last has none.
func lower(i int) int64 {
	if i == below {
		return 0
	}
	e, sub := minExp+(i-1)>>subBits, int64((i-1)&(1<<subBits-1))
	return (1<<subBits + sub) << (e - subBits)
}
