package thrift

import (
	"sidecar"
	"sidecar/varz"
)

// Stats are the server's own counts: bytes, and what it refused before it
// became an exchange. What exchanges count is the layers'.
type Stats struct {
	In, Out  *varz.Counter
	requests *varz.Counter
	misasked *varz.Counter   // times of clients that were not understood
	failures []*varz.Counter // by reason
}

// NewStats takes a listener's counts from the registry.
func NewStats(r *varz.Registry, name string) Stats {
	s := varz.Source{Listener: name}
	st := Stats{
		In: r.Counter(varz.ClientBytesIn, s), Out: r.Counter(varz.ClientBytesOut, s),
		requests: r.Counter(varz.ListenerRequests, s), misasked: r.Counter(varz.DeadlinesMalformed, s),
	}
	for reason := range sidecar.ReasonCount {
		s.Reason = reason.String()
		st.failures = append(st.failures, r.Counter(varz.ListenerFailures, s))
	}
	return st
}

// refused counts a call that never became an exchange.
func (s *Stats) refused(f *sidecar.Fault) {
	s.requests.Inc()
	s.failures[f.Reason].Inc()
}
