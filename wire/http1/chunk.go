package http1

import (
	"bytes"

	"sidecar/wire/http"
)

// chunkState is where in a chunked body the scanner stands.
type chunkState uint8

const (
	chunkSize    chunkState = iota // in a chunk-size line
	chunkData                      // in chunk data
	chunkDataCR                    // before the CR after data
	chunkDataLF                    // before the LF after data
	chunkTrailer                   // in the trailer section
	chunkDone
)

// chunks follows the framing of a chunked body (RFC 9112, section 7.1) over
// bytes as they pass, without changing them. The zero value stands before the
// first chunk.
type chunks struct {
	state  chunkState
	left   int64  // bytes of the present chunk still to come
	line   []byte // a line that came in pieces
	lines  int    // bytes of the trailer section so far
	fields int    // its field lines
}

func (c *chunks) reset() {
	line := c.line[:0]
	*c = chunks{line: line}
}

func (c *chunks) done() bool { return c.state == chunkDone }

// scan reads on in p. n is how many bytes belong to the body (all of p unless
// the body ends within it). data, if not nil, is called with the pieces of
// content, for who must take the framing off.
func (c *chunks) scan(p []byte, data func([]byte)) (n int, err *problem) {
	for n < len(p) && c.state != chunkDone {
		switch c.state {
		case chunkData:
			k := int(min(c.left, int64(len(p)-n)))
			if data != nil {
				data(p[n : n+k])
			}
			c.left -= int64(k)
			n += k
			if c.left == 0 {
				c.state = chunkDataCR
			}
		case chunkDataCR:
			if p[n] != '\r' {
				return n, errChunkEnd
			}
			c.state = chunkDataLF
			n++
		case chunkDataLF:
			if p[n] != '\n' {
				return n, errChunkEnd
			}
			c.state = chunkSize
			n++
		default:
			k, err := c.scanLine(p[n:])
			n += k
			if err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// scanLine takes a chunk-size line or a trailer line, which may come in
// pieces; only then is it copied.
func (c *chunks) scanLine(p []byte) (int, *problem) {
	limit, tooLong := maxChunkLine, errChunkLine
	if c.state == chunkTrailer {
		limit, tooLong = maxTrailer-c.lines, errTrailerSize
	}
	i := bytes.IndexByte(p, '\n')
	part := p
	if i >= 0 {
		part = p[:i+1]
	}
	if len(c.line)+len(part) > limit {
		return 0, tooLong
	}
	if i < 0 {
		c.line = append(c.line, part...)
		return len(part), nil
	}
	line := part
	if len(c.line) > 0 {
		c.line = append(c.line, part...)
		line = c.line
	}
	c.line = c.line[:0]
	if len(line) < 2 || line[len(line)-2] != '\r' {
		return len(part), errBareLF
	}
	body := line[:len(line)-2]
	if c.state == chunkTrailer {
		c.lines += len(line)
		return len(part), c.trailer(body)
	}
	return len(part), c.size(body)
}

// size reads "1*HEXDIG [;ext]". Spaces behind the size are refused in replies,
// too, though some old servers pad with them and others take them: those write
// every chunk's line anew, here it goes on as it came, and the client's parser
// may well refuse it (the one of Node.js does) when bytes have gone out. They
// cannot be mended on the way either, since the digits before them may have gone
// out with the piece before.
func (c *chunks) size(line []byte) *problem {
	var n int64
	i := 0
	for ; i < len(line); i++ {
		d := hexDigit(line[i])
		if d < 0 {
			break
		}
		if i >= 15 {
			return errChunkSize
		}
		n = n<<4 | int64(d)
	}
	if i == 0 || i < len(line) && (line[i] != ';' || !http.IsValue(line[i:])) {
		return errChunkSize
	}
	c.left = n
	if n == 0 {
		c.state = chunkTrailer
	} else {
		c.state = chunkData
	}
	return nil
}

// trailer reads one trailer line. Fields that frame or route a message, and those
// that the sidecar vouches for, have no business after it (RFC 9110, 6.5.1).
func (c *chunks) trailer(line []byte) *problem {
	if len(line) == 0 {
		c.state = chunkDone
		return nil
	}
	if c.fields++; c.fields > maxFields {
		return errTrailerSize
	}
	f, err := parseField(line, 0, len(line))
	if err != nil {
		return err
	}
	switch f.name {
	case http.ContentLength, http.TransferEncoding, http.Host, http.Connection, http.Expect, http.TE, http.Upgrade,
		http.XForwardedFor, http.XForwardedProto, http.XForwardedHost, http.XRequestID:
		return errTrailerField
	}
	return nil
}

func hexDigit(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return int(b - '0')
	case b|0x20 >= 'a' && b|0x20 <= 'f':
		return int(b|0x20-'a') + 10
	}
	return -1
}
