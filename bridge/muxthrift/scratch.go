package muxthrift

import (
	"errors"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/thrift"
)

// LayerParams are what the layers need to write messages anew.
type LayerParams struct {
	Buffers  *sock.Buffers
	Room     *sock.Room // for messages beyond pooled buffers
	MaxFrame int        // bytes that one may grow to
	// Wheel has the times of second senders; nil: no call has one, and none is
	// hedged.
	Wheel *sock.Wheel
	// Classes says what a reply of type REPLY meant, by its method and its
	// struct; nil: Success. ToThrift leaves that to the connection.
	Classes func(method []byte, p thrift.Protocol, body []byte) sidecar.Class
}

var (
	errNoRoom  = errors.New("the sidecar holds as many bytes of requests as it may")
	errNoCall  = errors.New("payload of the dispatch is no call of Thrift")
	errNoReply = errors.New("payload of the reply is no reply of Thrift, or one to another call")
)

// scratch is a buffer for a message that is written anew, while it is needed.
type scratch struct{ b []byte }

// transcode writes the message anew in the protocol to.
func (s *scratch) transcode(p *LayerParams, from, to thrift.Protocol, payload []byte) ([]byte, error) {
	b := p.Room.Take(p.Buffers, 64+2*len(payload))
	if b == nil {
		return nil, errNoRoom
	}
	out, _, problem := thrift.Transcode(b[:0], from, to, payload, p.MaxFrame)
	if cap(out) != cap(b) { // it has outgrown b
		p.Room.Give(p.Buffers, b)
		p.Room.Adopt(out)
	}
	s.b = out[:cap(out)]
	if problem != nil {
		return nil, problem
	}
	return out, nil
}

// give gives the buffer back, if there is one.
func (s *scratch) give(p *LayerParams) {
	if s.b != nil {
		p.Room.Give(p.Buffers, s.b)
		s.b = nil
	}
}

// unsendable is the fault of a call that cannot be put as the backend reads it.
func unsendable(err error) *sidecar.Fault {
	f := &sidecar.Fault{
		Stage: sidecar.StageRoute, Flags: sidecar.Unsent | sidecar.Rejected | sidecar.FromClient, Reason: sidecar.BadRequest, Err: err,
	}
	if p, ok := err.(*thrift.Problem); err == errNoRoom || ok && p.Large {
		f.Reason = sidecar.TooLarge
	}
	return f
}

// badReply is the fault of a reply that is none.
func badReply(err error) *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.BadReply, Err: err}
}
