// Package why remembers the latest exchanges worth telling of one upstream:
// those that failed, were tried more than once or were slow, each with all its
// attempts, so that "what happened to this request" has an answer afterwards.
// It is no log (it forgets, and holds a bounded number) and no statistics (it
// counts nothing by kind).
package why

import (
	"bytes"
	"errors"
	"sync"
	"sync/atomic"

	"sidecar"
)

const (
	// defaultSize is how many exchanges a ring holds if not told otherwise:
	// some seconds of a bad time, which is when it is read.
	defaultSize = 256
	// maxText is how many bytes are kept of any one text of an exchange. It
	// bounds the memory of a ring against what clients send.
	maxText = 256
	// nobody is the number that a fallback's entry has among the tries, which
	// no endpoint has.
	nobody = ^uint64(0)
)

// Params make a Ring.
type Params struct {
	// Upstream is told with each exchange; "" tells the exchange's own Dest.
	Upstream string
	// Size is how many exchanges are held, 256 if 0.
	Size int
	// Slow is the time in nanoseconds, counted as an exchange's timeout is
	// (from the request's last byte to its committed reply), from which one
	// that ended well is told; 0 is never.
	Slow int64
	// RequestID selects the request's identifier; its zero value is none.
	RequestID sidecar.Selector
	// Operation is the name of an operation as counted; nil tells none. It is
	// called once for each exchange told, by the goroutine that calls Add.
	Operation func(sidecar.Op) string
}

// Ring holds the latest exchanges worth telling. It may be used by many
// goroutines. An unused one holds no memory but its slots' pointers.
type Ring struct {
	params Params
	slow   atomic.Int64

	mu    sync.Mutex // held for one record's copy at a time
	told  uint64     // how many there have been
	slots []*record  // the record of number n is in slot n % len
}

// record is one exchange as remembered. Its memory is used again for the one
// that takes its slot, so a bad time costs no garbage either.
type record struct {
	number                    uint64
	upstream, operation       string
	request, requestID, cause []byte
	kind                      sidecar.Kind
	failed, covered           bool
	fault                     sidecar.Fault // without its error: see cause
	received, complete        int64
	replied, end, asked       int64
	requests, tried           int
	tries                     []sidecar.Try
}

// New makes a ring.
func New(p Params) *Ring {
	if p.Size <= 0 {
		p.Size = defaultSize
	}
	r := &Ring{params: p, slots: make([]*record, p.Size)}
	r.slow.Store(p.Slow)
	return r
}

// SetSlow changes Params.Slow for the exchanges that finish from now on.
func (r *Ring) SetSlow(ns int64) { r.slow.Store(ns) }

// Told is how many exchanges were worth telling so far, held or forgotten.
func (r *Ring) Told() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.told
}

// Add takes note of an exchange that has finished with err. Its owner calls it
// before the exchange and its message are used again. It runs once an exchange:
// for one that is not worth telling, which most are, it compares a few numbers;
// for others it takes a mutex for the time of one copy.
func (r *Ring) Add(x *sidecar.Exchange, err error, now int64) {
	failed := err != nil || x.Msg != nil && failure(x.Msg.Class())
	if !failed && x.Tries.Len() < 2 && !x.Tries.Tried(nobody) && !r.isSlow(x, now) {
		return
	}
	r.keep(x, faultOf(x, err, failed), failed, now)
}

// failure tells whether a reply of class c is one to its caller.
func failure(c sidecar.Class) bool { return c.Failed() || c == sidecar.Shed }

// isSlow counts as the timeout does, so that a client that sends or reads
// slowly, and a session that lives long, are not told as slow.
func (r *Ring) isSlow(x *sidecar.Exchange, now int64) bool {
	slow := r.slow.Load()
	if slow <= 0 {
		return false
	}
	return until(x.Replied(), now)-max(x.Complete(), x.Received) >= slow
}

// until is at, or now if at has not come.
func until(at, now int64) int64 {
	if at == 0 {
		return now
	}
	return at
}

// faultOf is err as a Fault. A failure that the client got as the peer sent it
// has none; it is told under the reason for that.
func faultOf(x *sidecar.Exchange, err error, failed bool) *sidecar.Fault {
	f := sidecar.FaultOf(err)
	switch {
	case f != nil:
		return f
	case !failed:
		return &sidecar.Fault{}
	}
	f = &sidecar.Fault{
		Stage: sidecar.StageRead, Flags: sidecar.FromPeer, Reason: sidecar.Status5xx, Class: x.Msg.Class(),
	}
	if t := x.Tries.Last(); t != nil {
		f.Code = t.Code
	}
	return f
}

func (r *Ring) keep(x *sidecar.Exchange, f *sidecar.Fault, failed bool, now int64) {
	request, id := r.texts(x.Msg)
	operation, cause := "", causeOf(f)
	if r.params.Operation != nil {
		operation = r.params.Operation(x.Op)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	slot := &r.slots[r.told%uint64(len(r.slots))]
	if *slot == nil {
		*slot = &record{}
	}
	rec := *slot
	rec.number, r.told = r.told, r.told+1
	rec.upstream, rec.operation = r.params.Upstream, operation
	if rec.upstream == "" {
		rec.upstream = x.Dest
	}
	rec.request = append(rec.request[:0], request...)
	rec.requestID = append(rec.requestID[:0], id...)
	rec.cause = append(rec.cause[:0], cause...)
	rec.kind, rec.failed, rec.fault = x.Kind, failed, *f
	rec.fault.Err, rec.fault.Redirect = nil, "" // these may hold anything
	rec.received, rec.complete, rec.replied, rec.end, rec.asked = x.Received, x.Complete(), x.Replied(), now, x.Asked
	rec.covered = x.Tries.Tried(nobody)
	rec.requests, rec.tried = x.N, x.Tries.Len()
	rec.tries = x.Tries.Kept(rec.tries[:0])
}

// texts are the request's line and identifier, cut to what is kept. The line
// ends before a query, which is where secrets are.
func (r *Ring) texts(m sidecar.Message) (request, id []byte) {
	if m == nil {
		return nil, nil
	}
	if line, ok := m.Attr(sidecar.Selector{Attr: sidecar.AttrOperation}); ok {
		request, _, _ = bytes.Cut(line, []byte{'?'})
	}
	if r.params.RequestID != (sidecar.Selector{}) {
		if value, ok := m.Attr(r.params.RequestID); ok {
			id = value
		}
	}
	return clip(request), clip(id)
}

// causeOf is the text of the fault's cause. What a client caused is left out:
// such a text may quote what it sent.
func causeOf(f *sidecar.Fault) string {
	if f.Err == nil {
		return ""
	}
	if f.Has(sidecar.FromClient) {
		return clip(toldOf(f.Err))
	}
	return clip(f.Err.Error())
}

// toldOf is what a protocol says of a client's mistake in words of its own, "" if it
// has none: other texts may quote what the client sent.
func toldOf(err error) string {
	var plain interface{ Told() string }
	if errors.As(err, &plain) {
		return plain.Told()
	}
	return ""
}

func clip[T string | []byte](s T) T { return s[:min(len(s), maxText)] }
