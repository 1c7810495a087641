package kafka

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/twmb/franz-go/pkg/kmsg"

	"sidecar/sock"
)

// clientID is how the sidecar names itself in what it asks on its own account. What
// clients ask has their names, by which brokers count and throttle.
const clientID = "sidecar"

// firstCorrelation begins the ids of our own requests where clients hardly are:
// these are seen in a broker's log, or a capture, beside a client's on the same
// connection.
const firstCorrelation = 1 << 30

// conversation is what the sidecar itself asks a broker, one request at a time, on
// a connection that nobody else uses meanwhile.
type conversation struct {
	sock  *sock.Conn
	ctx   context.Context // wakes sock at its end
	buf   []byte          // answers that fit lie in it until the next
	most  int             // bytes of an answer
	inTLS bool
	next  int32
	key   int16 // what was asked last
}

// ask sends req, in the version that it is set to, and gives its answer. What it
// says in bytes is valid until the next call.
func (t *conversation) ask(req kmsg.Request) (kmsg.Response, error) {
	t.key = req.Key()
	t.next++
	frame := kmsg.NewRequestFormatter(kmsg.FormatterClientID(clientID)).AppendRequest(nil, req, t.next)
	if _, err := t.sock.Write(frame, nil); err != nil {
		return nil, t.unanswered(err)
	}
	b, err := t.answer()
	if err != nil {
		return nil, err
	}
	if id := int32(binary.BigEndian.Uint32(b[SizeLen:])); id != t.next {
		return nil, t.strange(errOtherAnswer)
	}
	return t.decode(req, b[AnswerHead:])
}

// decode reads the body of the answer to req.
func (t *conversation) decode(req kmsg.Request, body []byte) (kmsg.Response, error) {
	answer := req.ResponseKind()
	answer.SetVersion(req.GetVersion())
	// The head of an answer to ApiVersions has no tags, whatever its version.
	if answer.IsFlexible() && req.Key() != KeyAPIVersions {
		p := cursor{b: body}
		if p.tags(true); p.bad {
			return nil, t.strange(errUnreadable)
		}
		body = p.b[p.at:]
	}
	if err := answer.ReadFrom(body); err != nil {
		return nil, t.strange(errUnreadable)
	}
	return answer, nil
}

// answer reads one whole answer, its length word included. Memory is taken as the
// bytes come, not as the length word promises them.
func (t *conversation) answer() ([]byte, error) {
	b, n := t.buf, 0
	for {
		total, err := t.length(b[:n])
		switch {
		case err != nil:
			return nil, err
		case n > total && total > 0:
			return nil, t.strange(errUnasked)
		case n == total && total > 0:
			return b[:n], nil
		case n == len(b):
			b = append(b, make([]byte, min(total, 2*n)-n)...)
		}
		k, err := t.sock.Read(b[n:])
		n += k
		if err != nil {
			return nil, t.unanswered(err)
		}
	}
}

// length is how long the answer that begins with b is, length word included, 0 if b
// does not tell yet.
func (t *conversation) length(b []byte) (int, error) {
	size, _, p := ParseAnswerHead(b)
	switch {
	case p == More:
		return 0, nil
	case p != nil:
		return 0, t.strange(p)
	case size > t.most-SizeLen:
		return 0, t.strange(errTooLong)
	}
	return SizeLen + size, nil
}

var (
	errOtherAnswer = errors.New("it answers another request than it was asked")
	errUnreadable  = errors.New("its answer cannot be read")
	errUnasked     = errors.New("it says more than it was asked")
	errTooLong     = errors.New("its answer has a length that none can have")
)
