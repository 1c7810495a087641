package xds

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxTold is how much of a text from outside is repeated, in bytes.
const maxTold = 200

// printable tells whether s is UTF-8 without control characters.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// told is a text from outside as messages repeat it.
func told(s string) string {
	if len(s) > maxTold {
		s = s[:maxTold] + "..."
	}
	return clean(s)
}

// clean replaces what is not to be seen.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, strings.ToValidUTF8(s, "?"))
}
