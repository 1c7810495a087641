package http

import (
	"encoding/binary"
	"math/bits"
)

// Character classes of RFC 9110 section 5.6 and RFC 3986.
const (
	charToken  uint8 = 1 << iota // tchar
	charValue                    // field-vchar, obs-text, SP, HTAB
	charTarget                   // request-target: visible ASCII and obs-text, without '#'
	charHost                     // uri-host [":" port], IPv6 brackets, percent
)

var chars = func() (t [256]uint8) {
	for c := range 256 {
		b := byte(c)
		alnum := b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'z'
		if alnum || contains("!#$%&'*+-.^_`|~", b) {
			t[c] |= charToken
		}
		if b == '\t' || b >= 0x20 && b != 0x7f {
			t[c] |= charValue
		}
		if b > 0x20 && b != 0x7f && b != '#' {
			t[c] |= charTarget
		}
		if alnum || contains("-._~!$&'()*+,;=:[]%", b) {
			t[c] |= charHost
		}
	}
	return t
}()

func contains(s string, b byte) bool {
	for i := range len(s) {
		if s[i] == b {
			return true
		}
	}
	return false
}

func all(p []byte, class uint8) bool {
	for _, b := range p {
		if chars[b]&class == 0 {
			return false
		}
	}
	return true
}

// TokenLen is the length of the token that p begins with.
func TokenLen(p []byte) int {
	for i, b := range p {
		if chars[b]&charToken == 0 {
			return i
		}
	}
	return len(p)
}

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// ValueLen is how many bytes at the beginning of p may stand in a field's
// value. Eight are looked at together: in each of the two terms a byte's high
// bit is set if that byte is below SP, or is DEL. Borrows may set it wrongly
// too, but only above a byte for which it is rightly set, and the lowest counts.
func ValueLen(p []byte) int {
	i := 0
	for i < len(p) {
		if i+8 <= len(p) {
			w := binary.LittleEndian.Uint64(p[i:])
			del := w ^ 0x7f*ones
			bad := ((w-0x20*ones)&^w | (del-ones)&^del) & highs
			if bad == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(bad) / 8
		}
		if chars[p[i]]&charValue == 0 { // not HTAB
			return i
		}
		i++
	}
	return i
}

// IsToken tells whether p is a token: a method or a field name.
func IsToken(p []byte) bool { return len(p) > 0 && all(p, charToken) }

// IsValue tells whether p may be a field's value or a reason phrase: no
// control byte but HTAB.
func IsValue(p []byte) bool { return ValueLen(p) == len(p) }

// IsTarget tells whether p may be a request target.
func IsTarget(p []byte) bool { return len(p) > 0 && all(p, charTarget) }

// IsHost tells whether p may be the value of Host: empty is allowed by RFC
// 9112 section 3.2 for targets without authority.
func IsHost(p []byte) bool { return all(p, charHost) }

// EqualFold compares p with lower, which must be lower-case ASCII.
func EqualFold(p []byte, lower string) bool {
	if len(p) != len(lower) {
		return false
	}
	for i, b := range p {
		if b >= 'A' && b <= 'Z' {
			b |= 0x20
		}
		if b != lower[i] {
			return false
		}
	}
	return true
}

// HasToken tells whether the comma-separated list has the token lower.
func HasToken(list []byte, lower string) bool {
	for len(list) > 0 {
		var item []byte
		item, list = NextItem(list)
		if EqualFold(item, lower) {
			return true
		}
	}
	return false
}

// NextItem cuts the first item of a comma-separated list off, trimmed.
func NextItem(list []byte) (item, rest []byte) {
	for i, b := range list {
		if b == ',' {
			return Trim(list[:i]), list[i+1:]
		}
	}
	return Trim(list), nil
}

// Trim cuts optional whitespace (SP, HTAB) off both ends.
func Trim(p []byte) []byte {
	for len(p) > 0 && (p[0] == ' ' || p[0] == '\t') {
		p = p[1:]
	}
	for len(p) > 0 && (p[len(p)-1] == ' ' || p[len(p)-1] == '\t') {
		p = p[:len(p)-1]
	}
	return p
}
