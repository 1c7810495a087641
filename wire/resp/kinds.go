package resp

// kind is how a type of reply is read on after its first line.
type kind uint8

const (
	noKind  kind = iota
	aLine        // nothing follows
	aText        // bytes and CRLF
	anArray      // elements
	aMap         // pairs of elements
)

// leastElement is the length in bytes of the shortest element, such as a null;
// an aggregate cannot have more elements than the reply's limit has room for.
const leastElement = 3

// kinds are the types of RESP2 and RESP3 by their first byte.
var kinds = [256]kind{
	'+': aLine, '-': aLine, ':': aLine, '_': aLine, '#': aLine, ',': aLine, '(': aLine,
	'$': aText, '!': aText, '=': aText,
	'*': anArray, '~': anArray, '>': anArray,
	'%': aMap, '|': aMap,
}

// maxCount keeps an aggregate's elements and a string's bytes from overflowing
// whatever they are added to.
const maxCount = 1 << 40

// count is the number in an element's first line: of elements, pairs or bytes,
// -1 of a null.
func (k kind) count(c byte, value []byte) (int64, *Problem) {
	if k == aLine {
		switch {
		case c == '_' && len(value) == 0:
			return -1, nil
		case c == '_', c == '#' && !(len(value) == 1 && (value[0] == 't' || value[0] == 'f')):
			return 0, errReplyValue
		}
		return 0, nil
	}
	if len(value) == 1 && value[0] == '?' {
		return 0, errReplyStream
	}
	n, ok := number(value)
	switch {
	case !ok || n < -1 || n > maxCount:
		return 0, errReplyLength
	case n == -1 && c != '$' && c != '*': // only RESP2 has nulls of this form
		return 0, errReplyLength
	case c == '=' && n < 4: // "txt:" stands before the text
		return 0, errReplyValue
	case n == 0 && c == '>': // its first element says what it is
		return 0, errReplyPlace
	}
	return n, nil
}
