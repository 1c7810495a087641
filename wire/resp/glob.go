package resp

import "bytes"

const maxPattern = 1024

// isGlob tells whether the pattern is more than a name.
func isGlob(pattern []byte) bool { return bytes.ContainsAny(pattern, "*?[") }

// glob tells whether pattern matches all of b, as Redis' patterns do: * ? [a-z]
// [^a] and \x for x. Letters match in either case. It takes no more than the
// product of both lengths in steps, whatever the pattern: a star that fails is
// tried one byte further, and no star before it is tried again.
//
// A pattern longer than maxPattern matches nothing: a client must not have
// megabytes looked through once for each name that there is.
func glob(b, pattern []byte) bool {
	if len(pattern) > maxPattern {
		return false
	}
	star, tried := -1, 0 // the last star and what it was tried to end before
	i, j := 0, 0
	for i < len(b) {
		if j < len(pattern) && pattern[j] == '*' {
			star, tried = j, i
			j++
			continue
		}
		if j < len(pattern) {
			if ok, next := globOne(b[i], pattern, j); ok {
				i++
				j = next
				continue
			}
		}
		if star < 0 {
			return false
		}
		tried++
		i, j = tried, star+1
	}
	for j < len(pattern) && pattern[j] == '*' {
		j++
	}
	return j == len(pattern)
}

// globOne tells whether the element at pattern[j] matches c, and where the next
// one begins.
func globOne(c byte, pattern []byte, j int) (ok bool, next int) {
	c = lower(c)
	switch pattern[j] {
	case '?':
		return true, j + 1
	case '\\':
		if j+1 < len(pattern) {
			j++
		}
	case '[':
		return globSet(c, pattern, j+1)
	}
	return lower(pattern[j]) == c, j + 1
}

// globSet is globOne for the set behind a bracket, which ends at the pattern's
// end where it is not closed.
func globSet(c byte, pattern []byte, j int) (ok bool, next int) {
	not := j < len(pattern) && pattern[j] == '^'
	if not {
		j++
	}
	for ; j < len(pattern) && pattern[j] != ']'; j++ {
		switch {
		case pattern[j] == '\\' && j+1 < len(pattern):
			j++
			ok = ok || lower(pattern[j]) == c
		case j+2 < len(pattern) && pattern[j+1] == '-':
			from, to := lower(pattern[j]), lower(pattern[j+2])
			ok = ok || min(from, to) <= c && c <= max(from, to)
			j += 2
		default:
			ok = ok || lower(pattern[j]) == c
		}
	}
	return ok != not, min(j+1, len(pattern))
}
