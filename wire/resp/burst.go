package resp

import "bytes"

// Burst is the commands that stand whole in a read buffer, which may end
// anywhere. It goes on where it stopped when it is given more bytes: the bytes
// of an argument are never looked at, so a value of megabytes costs nothing
// while it arrives. Set the limits, or leave them 0 for Redis' own. It reuses
// its memory; of one burst it has at most a command for every two bytes that
// one read brings, so the read buffer's size bounds it.
type Burst struct {
	// MaxBulk is the longest argument in bytes, MaxRequest the longest command.
	MaxBulk, MaxRequest int
	// Guest: the client must log in first, and may not send much before. A problem
	// that IsGuest tells of is none if a command before it logs the client in:
	// clear Guest and Read on.
	Guest bool

	commands []Command
	args     []Span
	at       int // where parsing goes on; beyond the bytes at hand in an argument
	begun    int // where the command under way begins
	left     int // of its arguments, those to come
	state    state
	first    int // of its arguments among args
}

// state is what comes next in a request.
type state uint8

const (
	atCommand  state = iota
	atLength         // of an argument
	atArgument       // its end: at stands behind it, before CRLF
)

// Commands are the whole commands read so far, in order.
func (u *Burst) Commands() []Command { return u.commands }

// Args are a command's arguments, its name first; at least one.
func (u *Burst) Args(c *Command) []Span { return u.args[c.first : c.first+c.count] }

// Consumed is how many bytes of the buffer are done with: all whole commands
// and the empty lines and arrays between.
func (u *Burst) Consumed() int { return u.begun }

// Need is how many bytes the buffer must have at least for Read to go on; what
// to make room for when a large argument is under way.
func (u *Burst) Need() int {
	if u.state == atArgument {
		return u.at + 2
	}
	return u.at + 1
}

// Read cuts commands out of b, which begins with the same byte at each call
// until Next. The problem is nil when all of b was whole commands, More when
// one has begun and not ended; after another one the commands before it are
// good and the connection is at its end.
func (u *Burst) Read(b []byte) *Problem {
	for u.at < len(b) {
		var p *Problem
		switch u.state {
		case atCommand:
			p = u.command(b)
		case atLength:
			p = u.length(b)
		default:
			p = u.argument(b)
		}
		if p == nil && u.at-u.begun > limitOr(u.MaxRequest, DefaultMaxRequest) {
			p = errRequestSize
		}
		if p != nil {
			return p
		}
	}
	if u.state == atCommand && u.at == len(b) {
		return nil
	}
	return More
}

// Next forgets the commands and the Consumed bytes: the buffer now begins with
// the command that is under way.
func (u *Burst) Next() {
	kept := u.args[u.first:]
	for i := range kept {
		kept[i].Start -= u.begun
		kept[i].End -= u.begun
	}
	if len(kept) == 0 && cap(u.args) > keptArgs {
		u.args, u.commands = nil, nil
	}
	u.args = append(u.args[:0], kept...)
	u.commands = u.commands[:0]
	u.at -= u.begun
	u.begun, u.first = 0, 0
}

func (u *Burst) command(b []byte) *Problem {
	if b[u.at] != '*' {
		return u.inline(b)
	}
	n, next, p := line(b, u.at, errLongCount, errCount)
	if p != nil {
		return p
	}
	if n > guestArgs {
		switch {
		case n > MaxArgs:
			return errCount
		case u.Guest:
			return errGuestCount
		}
	}
	u.at = next
	if n <= 0 { // Redis passes over empty and null arrays
		u.begun = next
		return nil
	}
	u.left, u.state = int(n), atLength
	return nil
}

func (u *Burst) length(b []byte) *Problem {
	if b[u.at] != '$' {
		return notDollar(b[u.at])
	}
	n, next, p := line(b, u.at, errLongLength, errLength)
	if p != nil {
		return p
	}
	if n < 0 || n > int64(limitOr(u.MaxBulk, DefaultMaxBulk)) {
		return errLength
	}
	if u.Guest && n > guestBulk {
		return errGuestLength
	}
	end := next + int(n)
	u.args = append(u.args, Span{next, end})
	u.at, u.state = end, atArgument
	return nil
}

// argument goes past the CRLF behind an argument. Redis does not look at these
// two bytes; a proxy that forwards them must, or the two could disagree on
// where a command begins.
func (u *Burst) argument(b []byte) *Problem {
	if b[u.at] != '\r' {
		return errBulkEnd
	}
	if u.at+1 >= len(b) {
		return More
	}
	if b[u.at+1] != '\n' {
		return errBulkEnd
	}
	u.at += 2
	u.left--
	u.state = atLength
	if len(u.args)-u.first == 1 && isBrowser(u.args[u.first].Of(b)) {
		return errBrowser
	}
	if u.left == 0 {
		u.end(false)
	}
	return nil
}

// end notes the command that ends at u.at.
func (u *Burst) end(inline bool) {
	u.commands = append(u.commands, Command{Span{u.begun, u.at}, inline, u.first, len(u.args) - u.first})
	u.begun, u.first, u.state = u.at, len(u.args), atCommand
}

// isBrowser tells a command by which a browser gives itself away: a web page
// can make one send its requests to a local port.
func isBrowser(name []byte) bool { return isWord(name, "post") || isWord(name, "host:") }

// line reads the number between the byte b[at] and CRLF. next is behind it.
func line(b []byte, at int, long, bad *Problem) (n int64, next int, p *Problem) {
	i := at + 1
	for i < len(b) && b[i]-'0' < 10 && i-at < 10 {
		n = n*10 + int64(b[i]-'0')
		i++
	}
	if i > at+1 && i+1 < len(b) && b[i] == '\r' && b[i+1] == '\n' && (b[at+1] != '0' || i == at+2) {
		return n, i + 2, nil // as nearly all are
	}
	return rareLine(b, at, long, bad)
}

// rareLine is line for what is not whole, no plain number or no number.
func rareLine(b []byte, at int, long, bad *Problem) (n int64, next int, p *Problem) {
	rest := b[at+1 : min(len(b), at+MaxInline)]
	i := bytes.IndexByte(rest, '\r')
	if i < 0 {
		if len(b)-at > MaxInline {
			return 0, 0, long
		}
		return 0, 0, More
	}
	if at+i+2 >= len(b) {
		return 0, 0, More
	}
	n, ok := number(rest[:i])
	if !ok || b[at+i+2] != '\n' {
		return 0, 0, bad
	}
	return n, at + i + 3, nil
}

// limitOr is limit, or what stands for 0.
func limitOr(limit, otherwise int) int {
	if limit == 0 {
		return otherwise
	}
	return limit
}
