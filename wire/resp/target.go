package resp

import "sidecar"

// Target is an upstream as commands see it. Nobody changes one: a reload makes
// others.
type Target struct {
	Name    string          // of the upstream
	Service sidecar.Service // performs a *Call or a *Talk
	Keys    *Keyspace
	OnError OnError // of MGET
	// Alone tells of commands, by the number that Row.Index gives, which must not
	// be in one exchange with others: an operation is configured for them. nil is
	// none.
	Alone []bool
	// MaskKeys: people are told of no keys.
	MaskKeys bool
	// Counts has its commands by name; nil: nobody counts.
	Counts *Counts
}

// isOf tells whether two targets, either of which may be nil, lead to one upstream:
// routes may lead there in several ways, of which some are mirrored.
func (t *Target) isOf(o *Target) bool { return t == o || t != nil && o != nil && t.Keys == o.Keys }

// Route finds the target of a command that has its first key so (nil: none); nil
// if it has none. It is asked for each command, and costs next to nothing where
// there is only one. One Route always gives the same targets.
type Route func(row *Row, key, client []byte) *Target
