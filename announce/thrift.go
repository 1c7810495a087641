package announce

import (
	"errors"
	"fmt"
	"io"
	"net"

	"sidecar/wire/thrift"
)

// CheckThrift calls a method without arguments. Any reply to it is good, and so is
// that there is no such method: it serves. Another exception is not.
const CheckThrift = "thrift"

// maxReply is how much of a reply is read, in bytes.
const maxReply = 64 << 10

// checkSeq is the sequence id of a check's call.
const checkSeq = 1

func (c Check) askThrift(conn net.Conn) error {
	if _, err := conn.Write(c.thriftCall()); err != nil {
		return err
	}
	var in []byte
	var piece [4 << 10]byte
	for {
		n, err := conn.Read(piece[:])
		in = append(in, piece[:n]...)
		more, bad := c.thriftReply(in)
		switch {
		case !more:
			return bad
		case err == io.EOF:
			return fmt.Errorf("%s: the connection ended before the reply's end", c.Method)
		case err != nil:
			return err
		case len(in) > maxReply:
			return fmt.Errorf("%s: the reply is longer than %d bytes", c.Method, maxReply)
		}
	}
}

// thriftCall is the call with an empty struct of arguments, which is one byte in
// every protocol.
func (c Check) thriftCall() []byte {
	var b []byte
	if c.Encoding.Transport == thrift.Framed {
		b = thrift.OpenFrame(b)
	}
	b = append(thrift.AppendHead(b, c.Encoding.Protocol, thrift.CallType, checkSeq, c.Method), 0)
	if c.Encoding.Transport == thrift.Framed {
		thrift.CloseFrame(b, 0)
	}
	return b
}

// thriftReply judges what has come of the reply; more tells that it is not yet
// enough.
func (c Check) thriftReply(b []byte) (more bool, bad error) {
	if c.Encoding.Transport == thrift.Framed {
		size, p := thrift.FrameSize(b, maxReply)
		switch {
		case p == thrift.More || p == nil && len(b) < thrift.FrameHead+size:
			return true, nil
		case p != nil:
			return false, p
		}
		b = b[thrift.FrameHead : thrift.FrameHead+size]
	}
	h, p := thrift.ParseHead(c.Encoding.Protocol, b)
	switch {
	case p == thrift.More && c.Encoding.Transport != thrift.Framed:
		return true, nil
	case p != nil:
		return false, p
	case h.Seq != checkSeq || h.Type != thrift.ReplyType && h.Type != thrift.ExceptionType:
		return false, errors.New("not a reply to the call of " + c.Method)
	case h.Type == thrift.ReplyType:
		return false, nil
	}
	if c.Encoding.Transport != thrift.Framed {
		var w thrift.Walker
		w.Start(c.Encoding.Protocol, maxReply)
		if _, p := w.Walk(b[h.Body:]); p == thrift.More {
			return true, nil
		}
	}
	e, p := thrift.ParseException(c.Encoding.Protocol, b[h.Body:])
	switch {
	case p != nil:
		return false, p
	case e.Kind == thrift.UnknownMethod:
		return false, nil
	}
	return false, fmt.Errorf("%s: exception %d: %.80q", c.Method, e.Kind, e.Message)
}
