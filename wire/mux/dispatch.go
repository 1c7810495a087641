package mux

import "encoding/binary"

// read takes the body of a Tdispatch apart, in place.
func (c *Call) read(body []byte) (bad *problem) {
	if c.Contexts, body, bad = cutPairs(body, maxContexts, errContexts, errManyContexts); bad != nil {
		return bad
	}
	dest, body, ok := cutShort(body)
	if !ok {
		return errDest
	}
	c.Dest = dest
	if c.Dtab, body, bad = cutPairs(body, maxDtab, errDtab, errManyDtab); bad != nil {
		return bad
	}
	c.Payload = body
	return nil
}

// appendDispatchHead appends what stands before the payload in a Tdispatch's
// body, with these contexts.
func (c *Call) appendDispatchHead(dst, contexts []byte) []byte {
	dst = appendPairs(dst, contexts)
	dst = appendShort(dst, c.Dest)
	return appendPairs(dst, c.Dtab)
}

// read takes the body of an Rdispatch apart, in place.
func (r *Reply) read(body []byte) (bad *problem) {
	if len(body) < 1 {
		return errShortReply
	}
	r.Status = Status(body[0])
	if r.Status > Nack {
		return errStatus
	}
	r.Contexts, r.Payload, bad = cutPairs(body[1:], maxContexts, errContexts, errManyContexts)
	return bad
}

// appendReplyHead appends what stands before the payload in an Rdispatch's body.
func (r *Reply) appendReplyHead(dst []byte) []byte {
	return appendPairs(append(dst, byte(r.Status)), r.Contexts)
}

// readRreq takes the body of an Rreq apart: as an Rdispatch without contexts.
func (r *Reply) readRreq(body []byte) *problem {
	if len(body) < 1 {
		return errShortReply
	}
	r.Status, r.Contexts, r.Payload = Status(body[0]), nil, body[1:]
	if r.Status > Nack {
		return errStatus
	}
	return nil
}

// The keys of a Treq.
const (
	treqTraceID   = 1
	treqTraceFlag = 2
)

// readTreq takes the body of a Treq, the older form of a Tdispatch, apart. Its
// trace goes on as the context that a Tdispatch has for it, in scratch.
func (c *Call) readTreq(body, scratch []byte) ([]byte, *problem) {
	if len(body) < 1 || body[0] > 127 {
		return scratch, errTreq
	}
	var ids, flags []byte
	left, body := body[0], body[1:]
	for ; left > 0; left-- {
		if len(body) < 2 || len(body) < 2+int(body[1]) {
			return scratch, errTreq
		}
		key, val := body[0], body[2:2+int(body[1])]
		body = body[2+len(val):]
		switch key {
		case treqTraceID:
			if len(val) != 24 {
				return scratch, errTraceID
			}
			ids = val
		case treqTraceFlag:
			flags = val
		}
	}
	c.Contexts, c.Dest, c.Dtab, c.Payload = nil, nil, nil, body
	if ids != nil {
		scratch = appendTraceOf(scratch[:0], ids, flags)
		c.Contexts = scratch
	}
	return scratch, nil
}

// appendTraceOf appends contexts with nothing but the trace of a Treq: the same
// three numbers, then its flags in eight bytes.
func appendTraceOf(dst, ids, flags []byte) []byte {
	var value [32]byte
	copy(value[:], ids)
	if n := len(flags); n > 0 {
		value[31] = flags[n-1] // "We only know about bit=0"
	}
	dst = binary.BigEndian.AppendUint16(dst, 1)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(TraceContext)))
	dst = append(dst, TraceContext...)
	return appendShort(dst, value[:])
}
