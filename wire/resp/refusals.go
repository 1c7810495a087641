package resp

import "strings"

// shownText is how many bytes of what a client sent stand in an error.
const shownText = 128

// AppendWrongArity writes what Redis says of a command with too many or too few
// arguments.
func AppendWrongArity(dst []byte, r *Row) []byte {
	dst = append(dst, "-"...)
	if r.Name == "exec" { // it says what it does besides
		dst = append(dst, "EXECABORT Transaction discarded because of: "...)
	} else {
		dst = append(dst, "ERR "...)
	}
	dst = append(dst, "wrong number of arguments for '"...)
	dst = append(dst, r.Name...)
	return append(dst, "' command\r\n"...)
}

// AppendUnknown writes what Redis says of a command that it does not have. b has
// the arguments.
func AppendUnknown(dst, b []byte, args []Span) []byte {
	dst = append(dst, "-ERR unknown command '"...)
	dst = appendText(dst, shown(args[0].Of(b), shownText))
	dst = append(dst, "', with args beginning with: "...)
	begun := len(dst)
	for _, a := range args[1:] {
		left := shownText - (len(dst) - begun)
		if left <= 0 {
			break
		}
		dst = append(dst, '\'')
		dst = appendText(dst, shown(a.Of(b), left))
		dst = append(dst, '\'', ' ')
	}
	return append(dst, '\r', '\n')
}

// AppendUnknownSub writes what Redis says of a container r without that
// subcommand.
func AppendUnknownSub(dst []byte, r *Row, sub []byte) []byte {
	dst = append(dst, "-ERR unknown subcommand '"...)
	dst = appendText(dst, shown(sub, shownText))
	dst = append(dst, "'. Try "...)
	dst = append(dst, strings.ToUpper(r.Name)...)
	return append(dst, " HELP.\r\n"...)
}

// AppendRefused writes that the sidecar does not pass the command on, and why.
func AppendRefused(dst []byte, r *Row) []byte { return appendRefusal(dst, r, r.Why) }

func appendRefusal(dst []byte, r *Row, why string) []byte {
	dst = append(dst, "-ERR sidecar: "...)
	dst = append(dst, strings.ToUpper(strings.Replace(r.Name, "|", " ", 1))...)
	dst = append(dst, " is refused: "...)
	dst = append(dst, why...)
	return append(dst, '\r', '\n')
}

// shown is b, or its beginning; C's strings end at a zero.
func shown(b []byte, most int) []byte {
	b = b[:min(len(b), most)]
	for i, c := range b {
		if c == 0 {
			return b[:i]
		}
	}
	return b
}
