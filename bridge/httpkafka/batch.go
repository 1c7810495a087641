package httpkafka

import (
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"

	"sidecar"
	"sidecar/wire/kafka"
)

// batch is the records of a request: the sidecar.Message of the exchange inside of
// the upstream. It stays in memory, for the library, until the last of them is
// over, which may be after the exchange.
type batch struct {
	topic    string
	id       string // of the HTTP request
	acks     acks
	entries  []entry
	bytes    int64 // as max_buffered counts them
	class    sidecar.Class
	producer *Producer

	inPath  bool // the partition is the path's
	started bool // its records were given to the library
	by      *clients
	through *kgo.Client // of them
	safe    bool        // the library fails none that it is unsure of

	left   atomic.Int64
	signal chan struct{} // of one place
}

// opName is the operation under which requests are counted, as those of Kafka's
// own clients.
var opName = []byte("Produce")

// Attr is a part of the request: its operation has the topic behind it, so that
// topics may have timeouts of their own.
func (b *batch) Attr(sel sidecar.Selector) ([]byte, bool) {
	if told, _ := kafka.Select("client"); sel == told {
		return []byte(b.id), true // the upstream's record of failures asks for this
	}
	switch sel.Attr {
	case sidecar.AttrOpName:
		return opName, true
	case sidecar.AttrOperation:
		return append(append(opName[:len(opName):len(opName)], '/'), b.topic...), true
	}
	return nil, false
}

// Rewind tells that nothing outside may send it again: the producer does, where it
// knows that no record comes twice by it.
func (b *batch) Rewind() bool { return false }

// Class is what became of it.
func (b *batch) Class() sidecar.Class { return b.class }

// Wake ends the wait for the records.
func (b *batch) Wake() {
	select {
	case b.signal <- struct{}{}:
	default:
	}
}

// finished notes that a record of n bytes is over.
func (b *batch) finished(n int64, err error) {
	b.producer.over(n, err)
	if b.left.Add(-1) == 0 {
		b.Wake()
	}
}

// wait waits until every record is over, or the exchange is interrupted.
func (b *batch) wait(x *sidecar.Exchange) sidecar.Cause {
	for b.left.Load() > 0 {
		if x.Block(b) {
			<-b.signal
		}
		if cause := x.Unblock(); cause != sidecar.NoCause {
			return cause
		}
	}
	return sidecar.NoCause
}
