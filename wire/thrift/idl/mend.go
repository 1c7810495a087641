package idl

import "bytes"

// mended is the text without what the parser does not know and nobody here
// needs: annotations of namespaces, and the & by which C++ is told of a type that
// holds itself. Spaces take their place, so that every line stays where it is.
func mended(text []byte) []byte {
	out := bytes.Clone(text)
	for i := 0; i < len(out); {
		n := skipped(out[i:])
		switch {
		case n > 0:
			i += n
		case out[i] == '&':
			out[i] = ' '
			i++
		case isWord(out[i]):
			n := wordLen(out[i:])
			i += n
			if string(out[i-n:i]) == "namespace" {
				i = mendNamespace(out, i)
			}
		default:
			i++
		}
	}
	return out
}

// mendNamespace takes the annotations out of the namespace whose keyword ends at
// i, and returns where it ended looking.
func mendNamespace(out []byte, i int) int {
	end := i + bytes.IndexByte(append(out[i:len(out):len(out)], '\n'), '\n')
	open := bytes.IndexByte(out[i:end], '(')
	if open < 0 {
		return i
	}
	for j := i + open; j < len(out); {
		if out[j] == ')' {
			out[j] = ' '
			return j
		}
		n := max(skipped(out[j:]), 1)
		for k := j; k < min(j+n, len(out)); k++ {
			if out[k] != '\n' {
				out[k] = ' '
			}
		}
		j += n
	}
	return i
}

// skipped is how long the comment or the text in quotes is that b begins with, 0
// if it begins with neither.
func skipped(b []byte) int {
	upTo := func(from int, end string) int {
		if n := bytes.Index(b[from:], []byte(end)); n >= 0 {
			return from + n + len(end)
		}
		return len(b)
	}
	switch {
	case b[0] == '#', bytes.HasPrefix(b, []byte("//")):
		return upTo(1, "\n")
	case bytes.HasPrefix(b, []byte("/*")):
		return upTo(2, "*/")
	case b[0] == '"', b[0] == '\'':
		for i := 1; i < len(b); i++ {
			switch b[i] {
			case '\\':
				i++
			case b[0]:
				return i + 1
			}
		}
		return len(b)
	}
	return 0
}

func isWord(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.'
}

func wordLen(b []byte) int {
	n := 0
	for n < len(b) && isWord(b[n]) {
		n++
	}
	return n
}
