package pool

import (
	"context"
	"errors"
	"syscall"

	"sidecar"
)

// stale tells whether err is of a connection that was found closed, or with
// bytes that nobody asked for, before anything was written. On its first
// exchange a connection does not call that Stale: it does not know that it may
// have lain idle here.
func stale(err error, first bool) bool {
	f, ok := err.(*sidecar.Fault)
	if !ok || !f.Has(sidecar.Unsent) {
		return false
	}
	if f.Has(sidecar.Stale) {
		return true
	}
	return first && f.Stage == sidecar.StageWrite &&
		(f.Reason == sidecar.PeerClosed || f.Reason == sidecar.PeerReset || f.Reason == sidecar.BadReply)
}

// exhausted is the fault of those who may not even wait.
func exhausted() *sidecar.Fault {
	return &sidecar.Fault{
		Stage: sidecar.StageDial, Flags: sidecar.Unsent | sidecar.Rejected, Reason: sidecar.PoolExhausted,
		Err: errors.New("every connection is in use and max_waiters exchanges wait"),
	}
}

// gone is the fault of those who came to an endpoint that was just removed;
// another may serve them.
func gone() *sidecar.Fault {
	return &sidecar.Fault{
		Stage: sidecar.StageDial, Flags: sidecar.Unsent | sidecar.Rejected, Reason: sidecar.NoEndpoints,
		Err: errors.New("the endpoint was removed"),
	}
}

// dialFault is a failed dial as a fault. Nothing was sent, whatever failed.
func dialFault(err error) *sidecar.Fault {
	var own *sidecar.Fault
	if errors.As(err, &own) {
		f := *own
		f.Stage, f.Flags = sidecar.StageDial, f.Flags|sidecar.Unsent
		return &f
	}
	f := &sidecar.Fault{Stage: sidecar.StageDial, Flags: sidecar.Unsent, Reason: sidecar.ConnectFailed, Err: err}
	var timed interface{ Timeout() bool }
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		f.Reason = sidecar.ConnectRefused
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timed) && timed.Timeout():
		f.Reason, f.Flags = sidecar.ConnectTimeout, f.Flags|sidecar.Timeout
	}
	return f
}
