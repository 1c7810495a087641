package discovery

import (
	"time"
)

// Known is an endpoint with where and since when it is known.
type Known struct {
	Endpoint
	Source string    // the String of the source that announced it
	Since  time.Time // since when that source has announced it without a break
}

// Snapshot is what is known at one moment. It is immutable.
type Snapshot struct {
	// Endpoints are the union of the sources' last good sets, no address
	// twice, in the order of the sources and of their answers.
	Endpoints []Known
	Source    string    // the sources by name, separated by ", "
	Since     time.Time // since when Endpoints are these, zero before the first answer
	// LastOK is when a source last gave a good answer, zero before the first.
	// Sources that answer only when something changes leave it old.
	LastOK    time.Time
	Err       error     // what is wrong now, with any of the sources; nil if nothing
	ErrSince  time.Time // since when something is, without a break
	Held      string    // why an older set stays although its source answers, "" if none does
	HeldSince time.Time
}

// Answered tells whether any source has given a good answer yet.
func (s *Snapshot) Answered() bool { return !s.LastOK.IsZero() }
