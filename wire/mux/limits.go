package mux

import "time"

// Every length and count that a peer can choose has its limit here, unless the
// configuration sets it.
const (
	// DefaultMaxFrame is max_frame if nothing else is configured: bytes of one
	// message with its type and tag, fragments put together.
	DefaultMaxFrame = 16 << 20

	maxContexts = 1 << 10        // pairs of a message: Finagle sends about five
	maxDtab     = 1 << 10        // delegations of a message
	maxHeaders  = 64             // headers of a Tinit or Rinit
	maxWhy      = 1 << 10        // bytes of a text of our own in Rerr, Rdispatch Error and Tdiscarded: a peer logs it
	maxSignedU2 = 1<<15 - 1      // of a length that we write: Finagle reads these two bytes as a signed number
	minWindow   = 16             // bytes of a fragment that a peer may ask for: less makes more of heads than of bytes
	maxParts    = 64             // messages of one peer that are under way in fragments
	maxAskedFor = 24 * time.Hour // of a deadline: more is as good as none, and cannot overflow
)
