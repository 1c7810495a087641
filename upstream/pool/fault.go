package pool

import (
	"context"
	"errors"
	"syscall"

	"sidecar"
)

// stale tells whether err is of a kept connection that was found closed before
// anything was written.
func stale(err error) bool {
	f, ok := err.(*sidecar.Fault)
	return ok && f.Has(sidecar.Stale|sidecar.Unsent)
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
