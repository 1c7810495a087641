package resp

import "strconv"

// AppendCommand writes a command as an array of bulk strings.
func AppendCommand[S ~string | ~[]byte](dst []byte, args ...S) []byte {
	dst = AppendArray(dst, len(args))
	for _, a := range args {
		dst = AppendBulk(dst, a)
	}
	return dst
}

// AppendSpans writes the command whose arguments stand at args in b.
func AppendSpans(dst, b []byte, args []Span) []byte {
	dst = AppendArray(dst, len(args))
	for _, a := range args {
		dst = AppendBulk(dst, a.Of(b))
	}
	return dst
}

// Version is the protocol that a client has chosen with HELLO; replies differ
// by it.
type Version uint8

// The versions.
const (
	RESP2 Version = 2
	RESP3 Version = 3
)

func appendHead(dst []byte, kind byte, n int64) []byte {
	dst = append(dst, kind)
	dst = strconv.AppendInt(dst, n, 10)
	return append(dst, '\r', '\n')
}

// AppendArray writes the head of an array of n elements.
func AppendArray(dst []byte, n int) []byte { return appendHead(dst, '*', int64(n)) }

// AppendMap writes the head of a map of n pairs, which RESP2 has as an array.
func AppendMap(dst []byte, v Version, n int) []byte {
	if v == RESP3 {
		return appendHead(dst, '%', int64(n))
	}
	return appendHead(dst, '*', 2*int64(n))
}

// AppendPush writes the head of a message that answers no command, which RESP2
// has as an array.
func AppendPush(dst []byte, v Version, n int) []byte {
	if v == RESP3 {
		return appendHead(dst, '>', int64(n))
	}
	return AppendArray(dst, n)
}

// AppendSet writes the head of a set of n elements, which RESP2 has as an array.
func AppendSet(dst []byte, v Version, n int) []byte {
	if v == RESP3 {
		return appendHead(dst, '~', int64(n))
	}
	return AppendArray(dst, n)
}

// AppendVerbatim writes a text for people, which RESP2 has as a bulk string.
func AppendVerbatim(dst []byte, v Version, text []byte) []byte {
	if v != RESP3 {
		return AppendBulk(dst, text)
	}
	dst = appendHead(dst, '=', int64(len(text)+len("txt:")))
	dst = append(append(dst, "txt:"...), text...)
	return append(dst, '\r', '\n')
}

// AppendInt writes an integer.
func AppendInt(dst []byte, n int64) []byte { return appendHead(dst, ':', n) }

// AppendBulk writes a bulk string.
func AppendBulk[S ~string | ~[]byte](dst []byte, s S) []byte {
	dst = appendHead(dst, '$', int64(len(s)))
	dst = append(dst, s...)
	return append(dst, '\r', '\n')
}

// AppendNull writes that there is no value.
func AppendNull(dst []byte, v Version) []byte {
	if v == RESP3 {
		return append(dst, "_\r\n"...)
	}
	return append(dst, "$-1\r\n"...)
}

// AppendSimple writes a short text, such as OK.
func AppendSimple[S ~string | ~[]byte](dst []byte, s S) []byte { return appendLine(dst, '+', s) }

// AppendError writes an error; s begins with its code, such as ERR.
func AppendError[S ~string | ~[]byte](dst []byte, s S) []byte { return appendLine(dst, '-', s) }

// AppendOwnError writes an error of the sidecar's own: the reason under which
// it is told everywhere, and a text.
func AppendOwnError(dst []byte, reason, text string) []byte {
	dst = append(dst, "-ERR sidecar: "...)
	dst = appendText(dst, reason)
	if text != "" {
		dst = append(dst, ' ')
		dst = appendText(dst, text)
	}
	return append(dst, '\r', '\n')
}

func appendLine[S ~string | ~[]byte](dst []byte, kind byte, s S) []byte {
	dst = append(dst, kind)
	dst = appendText(dst, s)
	return append(dst, '\r', '\n')
}

// appendText writes s without line breaks, behind which a client would read
// another reply.
func appendText[S ~string | ~[]byte](dst []byte, s S) []byte {
	for i := range len(s) {
		c := s[i]
		if c == '\r' || c == '\n' {
			c = ' '
		}
		dst = append(dst, c)
	}
	return dst
}
