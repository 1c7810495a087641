package resp

import (
	"sync/atomic"

	"sidecar"
	"sidecar/varz"
)

// Stats are the server's own counts: bytes, and what it refused before it
// became an exchange. What exchanges count is the layers'.
type Stats struct {
	In, Out  *varz.Counter
	requests *varz.Counter
	foreign  *varz.Counter   // connections of browsers and of TLS, closed without a word
	failures []*varz.Counter // by reason
	local    *varz.Counter   // commands answered here
	noAuth   *varz.Counter   // and those refused: who has not logged in,
	noPerm   *varz.Counter   // what the policy denies,
	other    *varz.Counter   // and all else
}

// NewStats takes a listener's counts from the registry.
func NewStats(r *varz.Registry, name string) Stats {
	s := varz.Source{Listener: name}
	st := Stats{
		In: r.Counter(varz.ClientBytesIn, s), Out: r.Counter(varz.ClientBytesOut, s),
		requests: r.Counter(varz.ListenerRequests, s), foreign: r.Counter(varz.RedisForeign, s),
	}
	st.local = r.Counter(varz.RedisLocal, s)
	for reason, c := range map[string]**varz.Counter{"noauth": &st.noAuth, "noperm": &st.noPerm, "other": &st.other} {
		s.Reason = reason
		*c = r.Counter(varz.RedisDenied, s)
	}
	for reason := range sidecar.ReasonCount {
		s.Reason = reason.String()
		st.failures = append(st.failures, r.Counter(varz.ListenerFailures, s))
	}
	return st
}

// refused counts what never became an exchange.
func (s *Stats) refused(f *sidecar.Fault) {
	s.requests.Inc()
	s.failures[f.Reason].Inc()
}

// denied counts a command that went nowhere, by what its client was told.
func (s *Stats) denied(told []byte) {
	switch CodeOf(ErrorText(told)) {
	case NoAuth:
		s.noAuth.Inc()
	case NoPerm:
		s.noPerm.Inc()
	default:
		s.other.Inc()
	}
}

// Counts are the commands of one upstream by name: every command of a burst, and
// the errors among their replies. A name has its series from its first use on.
type Counts struct {
	registry *varz.Registry
	service  string
	rows     []count // by Row.Index
}

type count struct{ all, errors atomic.Pointer[varz.Counter] }

// NewCounts makes the counts of an upstream.
func NewCounts(r *varz.Registry, service string) *Counts {
	return &Counts{r, service, make([]count, len(commands)+1)}
}

// command counts n commands of that row.
func (c *Counts) command(row *Row, n int) {
	if c != nil {
		c.of(&c.rows[row.Index()].all, varz.RedisCommands, row).Add(uint64(n))
	}
}

// failed counts one error reply to that row.
func (c *Counts) failed(row *Row) {
	if c != nil {
		c.of(&c.rows[row.Index()].errors, varz.RedisErrors, row).Inc()
	}
}

// of is the counter at p, made at its first use.
func (c *Counts) of(p *atomic.Pointer[varz.Counter], d *varz.Desc, row *Row) *varz.Counter {
	if found := p.Load(); found != nil {
		return found
	}
	made := c.registry.Counter(d, varz.Source{Service: c.service, Operation: string(names[row.Index()])})
	if !p.CompareAndSwap(nil, made) { // with no registry each asks makes another
		return p.Load()
	}
	return made
}
