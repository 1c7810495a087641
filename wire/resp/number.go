package resp

import "math"

// number reads a decimal number as Redis' string2ll does: no sign but '-', no
// leading zero, no space. False if b is none or beyond int64.
func number(b []byte) (int64, bool) {
	if len(b) == 1 && b[0] == '0' {
		return 0, true
	}
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 19 || b[0] < '1' || b[0] > '9' {
		return 0, false
	}
	var n uint64 // 19 digits are below 2^64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	if negative {
		if n > math.MaxInt64+1 {
			return 0, false
		}
		return -int64(n), true
	}
	return int64(n), n <= math.MaxInt64
}

// lower is an ASCII letter in lower case; other bytes as they are.
func lower(c byte) byte {
	if c-'A' < 26 {
		return c | 0x20
	}
	return c
}

// isWord tells whether b is word, which is in lower case, whatever the case of
// its ASCII letters.
func isWord[S ~string | ~[]byte](b S, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i := range len(b) {
		if lower(b[i]) != word[i] {
			return false
		}
	}
	return true
}
