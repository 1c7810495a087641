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

// Route finds the target of a command that has its first key so (nil: none); nil
// if it has none. It is asked for each command, and costs next to nothing where
// there is only one.
type Route func(row *Row, key, client []byte) *Target
