package httpkafka

import (
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"
)

// entry is a record on its way, with what became of it.
type entry struct {
	kgo.Record
	of   *batch
	done atomic.Bool // err is there, and Partition and Offset are what the broker said
	err  error
}

// unchosen is the partition of a record that names none.
const unchosen = -1

// size is what the record counts for while it is buffered, in bytes.
func (e *entry) size() int64 {
	n := recordCost + len(e.Key) + len(e.Value)
	for i := range e.Headers {
		n += len(e.Headers[i].Key) + len(e.Headers[i].Value)
	}
	return int64(n)
}

// finish takes what became of the record. The producer's library calls it, one
// record after the other, so it does not wait.
func (e *entry) finish(_ *kgo.Record, err error) {
	e.err = err
	n := e.size()
	e.done.Store(true)
	e.of.finished(n, err)
}
