package resp

import "bytes"

// inline reads a command that is a line of words, as a person types it. The
// line is unquoted only when it is whole, since that writes into b.
func (u *Burst) inline(b []byte) *Problem {
	rest := b[u.at:]
	if rest[0] == 0x16 && (len(rest) == 1 || rest[1] == 3) { // a TLS record with a handshake
		if len(rest) == 1 {
			return More
		}
		return errTLS
	}
	i := bytes.IndexByte(rest[:min(len(rest), MaxInline+1)], '\n')
	if i < 0 {
		if len(rest) > MaxInline {
			return errInline
		}
		return More
	}
	end := u.at + i
	if i > 0 && b[end-1] == '\r' {
		end--
	}
	if p := u.words(b, u.at, end); p != nil {
		u.args = u.args[:u.first]
		return p
	}
	u.at += i + 1
	if len(u.args) == u.first { // an empty line, as people and health checks send
		u.begun = u.at
		return nil
	}
	if isBrowser(u.args[u.first].Of(b)) {
		return errBrowser
	}
	u.end(true)
	return nil
}

// words cuts b[at:end] into arguments as Redis' sdssplitargs does.
func (u *Burst) words(b []byte, at, end int) *Problem {
	for {
		for at < end && isSpace(b[at]) {
			at++
		}
		if at == end || b[at] == 0 { // C's strings end there
			return nil
		}
		start := at // the word is written from here as it is unquoted
		to, next, p := word(b, at, end)
		if p != nil {
			return p
		}
		u.args = append(u.args, Span{start, to})
		at = next
	}
}

// word unquotes the word at b[at:end] onto itself: b[at:to] is it, next is
// behind it. What is in quotes may stand in the middle of a word; a closing
// quote ends the word.
func word(b []byte, at, end int) (to, next int, p *Problem) {
	to = at
	for at < end && !endsWord(b[at]) {
		quote := b[at]
		if quote != '"' && quote != '\'' {
			b[to] = b[at]
			to++
			at++
			continue
		}
		for at++; ; to++ {
			if at == end || b[at] == 0 {
				return 0, 0, errQuotes
			}
			if b[at] == quote {
				break
			}
			b[to], at = escaped(b, at, end, quote)
		}
		at++
		if at < end && !isSpace(b[at]) && b[at] != 0 {
			return 0, 0, errQuotes
		}
		return to, at, nil
	}
	return to, at, nil
}

// escaped is the byte that stands at b[at] within quotes, and where the next
// stands.
func escaped(b []byte, at, end int, quote byte) (c byte, next int) {
	if b[at] != '\\' || at+1 >= end || b[at+1] == 0 {
		return b[at], at + 1
	}
	c = b[at+1]
	if quote == '\'' {
		if c == '\'' {
			return c, at + 2
		}
		return '\\', at + 1
	}
	switch c {
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'b':
		c = '\b'
	case 'a':
		c = '\a'
	case 'x':
		if at+3 < end {
			high, low := hexDigit(b[at+2]), hexDigit(b[at+3])
			if high < 16 && low < 16 {
				return high<<4 | low, at + 4
			}
		}
	}
	return c, at + 2
}

// hexDigit is the value of a hexadecimal digit, 16 if c is none.
func hexDigit(c byte) byte {
	switch c = lower(c); {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 16
}

// endsWord: Redis has two more spaces before a word than behind it.
func endsWord(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == 0 }

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
