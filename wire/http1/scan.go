package http1

import "sidecar/wire/http"

// scanField reads the whole field line at b[pos:] in one pass. It is what
// almost every line takes: not ok only sends the line the slow way, which finds
// out whether it is incomplete or what is wrong with it. What it takes, the
// slow way takes as the same.
func scanField(b []byte, pos int) (f field, next int, ok bool) {
	rest := b[pos:]
	colon := http.TokenLen(rest)
	if colon == 0 || colon >= len(rest) || rest[colon] != ':' {
		return field{}, 0, false
	}
	value := colon + 1
	for value < len(rest) && (rest[value] == ' ' || rest[value] == '\t') {
		value++
	}
	end := value + http.ValueLen(rest[value:])
	next = end + 2
	if next > len(rest) || rest[end] != '\r' || rest[end+1] != '\n' {
		return field{}, 0, false
	}
	for end > value && (rest[end-1] == ' ' || rest[end-1] == '\t') {
		end--
	}
	at := int32(pos)
	return field{
		start: at, colon: at + int32(colon),
		value: at + int32(value), end: at + int32(end), next: at + int32(next),
		name: http.Known(rest[:colon]),
	}, pos + next, true
}
