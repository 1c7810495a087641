package sidecar

import "strconv"

// Stage is how far an exchange had come when it failed.
type Stage uint8

// The stages, in the order an exchange meets them.
const (
	StageRoute Stage = iota
	StagePick
	StageDial
	StageWrite
	StageRead
	stages
)

var stageNames = [stages]string{"route", "pick", "dial", "write", "read"}

func (s Stage) String() string { return nameOf(stageNames[:], s) }

// nameOf is the name of one of our small numbers.
func nameOf[T ~uint8](names []string, n T) string {
	if int(n) < len(names) {
		return names[n]
	}
	return "unknown"
}

// Flags are the facts of a Fault.
type Flags uint16

const (
	// Unsent: it is proved that no byte of the request reached the peer.
	Unsent Flags = 1 << iota
	// Rejected: the peer said that it did not execute the request, or we
	// refused it ourselves before anything was tried.
	Rejected
	// Timeout: a configured time ran out.
	Timeout
	// FromPeer: the fault is a reply of the peer that was not let out; Class
	// says what it meant.
	FromPeer
	// Stale: a reused connection was found closed before anything was
	// written; the pool tries its next one.
	Stale
	// FromClient: the client caused it (bad bytes, gone, too slow); it says
	// nothing about the endpoint.
	FromClient
	// Hedged: of a Try only, it ran beside another as the second sender of the
	// request.
	Hedged
)

// Reason is the one code under which a failed exchange is told everywhere:
// to the client, in the why ring, in metrics and in logs.
type Reason uint8

// The reasons. Append only: dashboards name them.
const (
	NoReason Reason = iota
	NoRoute
	NoEndpoints
	ConnectRefused
	ConnectTimeout
	ConnectFailed
	PoolExhausted
	BreakerOpen
	AttemptTimedOut
	DeadlineExceeded
	StalledOut
	PeerClosed
	PeerReset
	BadRequest
	BadReply
	TooLarge
	RetryBudget
	ClientLeft
	ShuttingDown
	TooManyRequests
	Status5xx
	Internal
	TooManyConnections
	BulkheadFull
	HedgeLost
	reasons
)

var reasonNames = [reasons]string{
	"none", "no_route", "no_endpoints", "connect_refused", "connect_timeout", "connect_failed",
	"pool_exhausted", "breaker_open", "attempt_timeout", "deadline", "stalled", "peer_closed",
	"peer_reset", "bad_request", "bad_reply", "too_large", "retry_budget", "client_gone",
	"shutting_down", "too_many_requests", "status_5xx", "internal", "max_connections", "bulkhead_full", "hedge_lost",
}

func (r Reason) String() string { return nameOf(reasonNames[:], r) }

// ReasonCount is how many reasons there are, for tables that are indexed by one
// and for going through them all.
const ReasonCount = reasons

// Fault is the error of an exchange: facts only. What may be retried is
// concluded in upstream/retry, from these facts, the message and the budget;
// how it reads to a client is the protocol's business.
type Fault struct {
	Stage  Stage
	Flags  Flags
	Reason Reason
	// Class is what the peer's reply meant, with FromPeer.
	Class Class
	// Code is the peer's own code for it (an HTTP status), with FromPeer.
	Code int
	// Redirect is an endpoint named by the peer (MOVED, ASK).
	Redirect string
	// Err is the cause; it may name addresses and is never sent to clients.
	Err error
}

func (f *Fault) Error() string {
	text := f.Stage.String() + ": " + f.Reason.String()
	if f.Code != 0 {
		text += " (" + strconv.Itoa(f.Code) + ")"
	}
	if f.Err != nil {
		text += ": " + f.Err.Error()
	}
	return text
}

// Unwrap is the cause.
func (f *Fault) Unwrap() error { return f.Err }

// Has tells whether all of fl are facts of f.
func (f *Fault) Has(fl Flags) bool { return f.Flags&fl == fl }

// FaultOf is err as a Fault. An error that is none is a defect of a layer and
// is told as Internal rather than lost.
func FaultOf(err error) *Fault {
	if f, ok := err.(*Fault); ok || err == nil {
		return f // nil without an error
	}
	return &Fault{Stage: StageRoute, Reason: Internal, Err: err}
}
