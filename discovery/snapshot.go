package discovery

import (
	"strings"
	"time"
)

// Held says why an endpoint is given out that its source does not announce.
type Held string

// The reasons. NotHeld is what all have that are announced.
const (
	NotHeld Held = ""
	// HeldLoss: it went with most of the others at once, which is how a
	// registry fails; it stays in full use for the time of the hold.
	HeldLoss Held = "hold"
)

// Known is an endpoint with where and since when it is known.
type Known struct {
	Endpoint
	Source string    // the String of the source that announced it
	Since  time.Time // since when that source has announced it without a break
	Held   Held
}

func (k *Known) equal(o *Known) bool {
	return k.Source == o.Source && k.Held == o.Held && k.Endpoint.equal(&o.Endpoint)
}

// Snapshot is what is known at one moment. It is immutable.
type Snapshot struct {
	// Endpoints are what the sources' last good sets come to, no address
	// twice, in the order of the sources and of their answers.
	Endpoints []Known
	Drops     []Drop    // what the sources want refused
	Source    string    // the sources by name, separated by ", "
	Since     time.Time // since when Endpoints are these, zero before the first answer
	// LastOK is when a source last gave a good answer, zero before the first.
	// Sources that answer only when something changes leave it old.
	LastOK    time.Time
	Err       error     // what is wrong now, with any of the sources; nil if nothing
	ErrSince  time.Time // since when something is, without a break
	Held      string    // why more is given out than the sources announce, "" if that is not so
	HeldSince time.Time
	Sources   []SourceState // in order
}

// Answered tells whether any source has given a good answer yet, in this run
// of the process or in a former one that left its record.
func (s *Snapshot) Answered() bool { return !s.LastOK.IsZero() }

// Nothing says why sources that have answered tell no endpoints, "" if there are
// some or that is not known.
func (s *Snapshot) Nothing() string {
	if len(s.Endpoints) > 0 {
		return ""
	}
	var all []string
	for i := range s.Sources {
		if o := &s.Sources[i]; o.Empty != "" {
			all = append(all, o.Name+": "+o.Empty)
		}
	}
	return strings.Join(all, "; ")
}

// Stale is since when the named source has not been known to work, zero if it
// does.
func (s *Snapshot) Stale(source string) time.Time {
	for i := range s.Sources {
		if o := &s.Sources[i]; o.Name == source {
			return o.Stale
		}
	}
	return time.Time{}
}

// SourceState is what is known of one source.
type SourceState struct {
	Name     string
	LastOK   time.Time // zero before its first good answer
	Err      error
	ErrSince time.Time
	// Stale is since when it has not been known to work, zero if it does: since
	// it failed, or since the record of a former process was written.
	Stale     time.Time
	FromDisk  bool      // all that is known of it is such a record
	Raw       int       // endpoints of its last good answer
	Published int       // endpoints that are given out because of it
	Empty     string    // why its last good answer has no endpoints
	Drops     []Drop    // of that answer
	HeldSince time.Time // of a hold, zero if there is none
	HeldUntil time.Time
}
