package mux

import "encoding/binary"

// The keys of contexts that the sidecar reads or writes.
const (
	// DeadlineContext is how long the caller waits: two times of eight bytes in
	// nanoseconds since 1970, when it was written and when it is over.
	DeadlineContext = "com.twitter.finagle.Deadline"
	// TraceContext is the trace: span, parent and trace id of eight bytes each,
	// flags of eight, and the higher half of a longer trace id if there is one.
	TraceContext = "com.twitter.finagle.tracing.TraceContext"
	// ClientIDContext names the calling application.
	ClientIDContext = "com.twitter.finagle.thrift.ClientIdContext"
	// RetriesContext is which try of the caller this is, in four bytes.
	RetriesContext = "com.twitter.finagle.Retries"
	// failureContext of a reply has MuxFailure's flags.
	failureContext = "MuxFailure"
)

// deadlineSize is that of DeadlineContext's value.
const deadlineSize = 16

// Left is how many nanoseconds a deadline gave when it was written, at least 1;
// 0 if contexts have none that can be read, or one too far off to matter. The
// two times are of one clock and are subtracted: comparing the caller's clock
// with ours would make an hour of skew an hour of patience, or none at all.
func Left(contexts []byte) int64 {
	v, ok := Lookup(contexts, DeadlineContext)
	if !ok || len(v) != deadlineSize {
		return 0
	}
	from, to := int64(binary.BigEndian.Uint64(v)), int64(binary.BigEndian.Uint64(v[8:])) //nolint:gosec // signed on the wire
	left := to - from
	switch {
	case to <= from:
		return 1
	case left < 0 || left > int64(maxAskedFor): // they are further apart than a number can say
		return 0
	}
	return left
}

// AppendDeadline appends contexts with the deadline left nanoseconds after wall
// (nanoseconds since 1970) in place of the one that they have, behind all others
// if they have none. The others go on as they are. A left of 0 leaves contexts
// unchanged.
func AppendDeadline(dst, contexts []byte, wall, left int64) []byte {
	if left <= 0 {
		return appendPairs(dst, contexts)
	}
	var value [deadlineSize]byte
	binary.BigEndian.PutUint64(value[:], uint64(wall))       //nolint:gosec // signed on the wire
	binary.BigEndian.PutUint64(value[8:], uint64(wall+left)) //nolint:gosec // the same
	at := len(dst)
	dst = appendPairs(dst, contexts)
	if old, ok := Lookup(dst[at:], DeadlineContext); ok && len(old) == deadlineSize {
		copy(old, value[:])
		return dst
	}
	return AppendPair(dst, at, DeadlineContext, value[:])
}

// Failure are MuxFailure's flags: what a failed reply says of trying again.
type Failure uint64

// The flags that are known; others go by unseen.
const (
	Restartable  Failure = 1 << iota // it may be sent again
	Rejected                         // it was not executed
	NonRetryable                     // it must not be sent again, by nobody
)

// Failure is what r says of trying again, 0 if nothing.
func (r *Reply) Failure() Failure {
	v, ok := Lookup(r.Contexts, failureContext)
	if !ok || len(v) < 8 { // "Ignore anything after the first 8 bytes for future use"
		return 0
	}
	return Failure(binary.BigEndian.Uint64(v))
}

// failureContexts are contexts with nothing but these flags.
func failureContexts(f Failure) []byte {
	var value [8]byte
	binary.BigEndian.PutUint64(value[:], uint64(f))
	return AppendPair(nil, 0, failureContext, value[:])
}
