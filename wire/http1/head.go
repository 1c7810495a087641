package http1

import (
	"bytes"

	"sidecar/wire/http"
)

// problem says what is wrong with a head or a body, and how it is told.
type problem struct {
	status int // of the reply, when the request is at fault
	text   string
}

func (p *problem) Error() string { return p.text }

// field is one field line, by offsets into the head's buffer: they stay true
// when the buffer grows and moves.
type field struct {
	start, colon int32 // name
	value, end   int32 // value, trimmed
	next         int32 // start of the line after it
	name         http.Name
	drop         bool // belongs to this hop, is not forwarded
}

// head is what request and reply heads share: lines parsed as they arrive.
type head struct {
	fields []field
	pos    int // start of the first line not yet parsed
	seen   int // no LF between pos and seen
	end    int // length of the head with its empty line, 0 until complete
}

// line cuts the next whole line off b, without its CRLF. A bare LF, or a CR
// that is not part of CRLF, is refused: whoever reads it as a line end and
// whoever does not disagree about where the message stops (RFC 9112, 2.2).
func (h *head) line(b []byte) (start, end int, ok bool, err *problem) {
	from := max(h.pos, h.seen)
	i := bytes.IndexByte(b[from:], '\n')
	if i < 0 {
		h.seen = len(b)
		return 0, 0, false, nil
	}
	lf := from + i
	if lf == h.pos || b[lf-1] != '\r' {
		return 0, 0, false, errBareLF
	}
	start, end = h.pos, lf-1
	h.pos = lf + 1
	return start, end, true, nil
}

// parseField reads one field line (RFC 9112, section 5): no folding, no space
// around the name, no control bytes.
func parseField(b []byte, start, end int) (field, *problem) {
	line := b[start:end]
	if line[0] == ' ' || line[0] == '\t' {
		return field{}, errFolded
	}
	colon := bytes.IndexByte(line, ':')
	if colon < 0 {
		return field{}, errNoColon
	}
	if !http.IsToken(line[:colon]) {
		return field{}, errFieldName
	}
	vs, ve := colon+1, len(line)
	for vs < ve && (line[vs] == ' ' || line[vs] == '\t') {
		vs++
	}
	for ve > vs && (line[ve-1] == ' ' || line[ve-1] == '\t') {
		ve--
	}
	if !http.IsValue(line[vs:ve]) {
		return field{}, errFieldValue
	}
	return field{
		start: int32(start), colon: int32(start + colon),
		value: int32(start + vs), end: int32(start + ve), next: int32(end + 2),
		name: http.Known(line[:colon]),
	}, nil
}

// parseFields reads field lines up to the empty one; done when it was there.
func (h *head) parseFields(b []byte) (done bool, err *problem) {
	for {
		// A line of which a part was looked at before goes the slow way, which
		// knows where to go on: bytes that come one by one are each looked at once.
		if h.seen <= h.pos && len(h.fields) < maxFields {
			if f, next, ok := scanField(b, h.pos); ok {
				h.fields = append(h.fields, f)
				h.pos = next
				continue
			}
		}
		start, end, ok, err := h.line(b)
		if !ok {
			return false, err
		}
		if start == end {
			h.end = h.pos
			return true, nil
		}
		if len(h.fields) == maxFields {
			return false, errManyFields
		}
		f, err := parseField(b, start, end)
		if err != nil {
			return false, err
		}
		h.fields = append(h.fields, f)
	}
}

func (f *field) nameIn(b []byte) []byte  { return b[f.start:f.colon] }
func (f *field) valueIn(b []byte) []byte { return b[f.value:f.end] }

// find is the first field of the lower-case name.
func (h *head) find(b []byte, lower string) *field {
	for i := range h.fields {
		if http.EqualFold(h.fields[i].nameIn(b), lower) {
			return &h.fields[i]
		}
	}
	return nil
}

// framing is what a head says about its body and its connection.
type framing struct {
	length    int64 // Content-Length, -1 without
	chunked   bool
	close     bool // Connection: close
	keepAlive bool // Connection: keep-alive
	upgrade   bool // Connection: upgrade with an Upgrade field
	trailers  bool // TE: trailers
}

// frame reads the fields that frame the message and marks those of this hop.
// Conflicts are refused and never resolved: two readers that resolve them
// differently is what smuggling lives on (RFC 9112, section 6.1 and 11.2).
func (h *head) frame(b []byte, fr *framing) *problem {
	*fr = framing{length: -1}
	hasUpgrade, nominated := false, 0
	for i := range h.fields {
		f := &h.fields[i]
		switch f.name {
		case http.ContentLength:
			if fr.length >= 0 {
				return errTwoLengths
			}
			n, ok := parseLength(f.valueIn(b))
			if !ok {
				return errLength
			}
			fr.length = n
		case http.TransferEncoding:
			if fr.chunked {
				return errTwoEncodings
			}
			if !http.EqualFold(f.valueIn(b), "chunked") {
				return errEncoding
			}
			fr.chunked = true
		case http.Connection:
			f.drop = true
			n, err := fr.connection(f.valueIn(b))
			if err != nil {
				return err
			}
			nominated += n
		case http.KeepAlive, http.ProxyConnection:
			f.drop = true
		case http.TE:
			f.drop = true
			fr.trailers = fr.trailers || http.HasToken(f.valueIn(b), "trailers")
		case http.Upgrade:
			f.drop, hasUpgrade = true, true
		}
	}
	if fr.chunked && fr.length >= 0 {
		return errLengthAndEncoding
	}
	fr.upgrade = fr.upgrade && hasUpgrade
	if nominated > 0 {
		return h.dropNominated(b, nominated)
	}
	return nil
}

// connection reads one Connection value and counts the field names in it.
func (fr *framing) connection(v []byte) (nominated int, err *problem) {
	for len(v) > 0 {
		var item []byte
		item, v = http.NextItem(v)
		switch {
		case len(item) == 0:
		case http.EqualFold(item, "close"):
			fr.close = true
		case http.EqualFold(item, "keep-alive"):
			fr.keepAlive = true
		case http.EqualFold(item, "upgrade"):
			fr.upgrade = true
		case http.EqualFold(item, "te"):
		default:
			if nominated++; nominated > maxNominated {
				return 0, errNominated
			}
		}
	}
	return nominated, nil
}

// dropNominated marks the fields that Connection names (RFC 9110, 7.6.1). What
// frames the message or names its target cannot be made to disappear so.
func (h *head) dropNominated(b []byte, total int) *problem {
	if total > maxNominated {
		return errNominated
	}
	for i := range h.fields {
		if h.fields[i].name != http.Connection {
			continue
		}
		v := h.fields[i].valueIn(b)
		for len(v) > 0 {
			var item []byte
			item, v = http.NextItem(v)
			for j := range h.fields {
				f := &h.fields[j]
				if !bytes.EqualFold(item, f.nameIn(b)) {
					continue
				}
				switch f.name {
				case http.ContentLength, http.TransferEncoding, http.Host:
					return errNominated
				}
				f.drop = true
			}
		}
	}
	return nil
}

// parseLength reads a Content-Length: digits only, at most 18 of them. The
// field is forwarded as it came, so a leading zero, which somebody may read as
// octal, is refused.
func parseLength(v []byte) (int64, bool) {
	if len(v) == 0 || len(v) > 18 || len(v) > 1 && v[0] == '0' {
		return 0, false
	}
	var n int64
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
