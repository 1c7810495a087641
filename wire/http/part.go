package http

import "bytes"

// maxSegment is the largest number of a part of a path.
const maxSegment = 99

// Segment is a part of a path between slashes by its number, from 1: of
// "/v2/users/7" they are "v2", "users" and "7". It is as it was sent, %-escapes
// and all; false if there is none, or nothing in it. Hot.
func Segment(path []byte, text string) ([]byte, bool) {
	number := partNumber(text)
	rest, ok := bytes.CutPrefix(path, slash)
	for ok && number > 0 {
		var part []byte
		part, rest, ok = bytes.Cut(rest, slash)
		if number--; number == 0 {
			return part, len(part) > 0
		}
	}
	return nil, false
}

// QueryValue is the value of the first parameter of that name in a query, as it
// was sent; false if there is none. A parameter without "=" has no value. Hot.
func QueryValue(query []byte, name string) ([]byte, bool) {
	for len(query) > 0 {
		var pair []byte
		pair, query, _ = bytes.Cut(query, ampersand)
		if len(pair) > len(name) && pair[len(name)] == '=' && string(pair[:len(name)]) == name {
			return pair[len(name)+1:], true
		}
	}
	return nil, false
}

// partNumber is a number of one or two digits, 0 for what is none.
func partNumber(s string) int {
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || n > maxSegment/10 {
			return 0
		}
		n = 10*n + int(c-'0')
	}
	return n
}

// Never changed.
var slash, ampersand = []byte("/"), []byte("&")
