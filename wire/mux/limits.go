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

// Those of the server.
const (
	// DefaultMaxInFlight is how many requests of one client may be under way if
	// nothing else is configured. What is over it is turned away by a Nack.
	DefaultMaxInFlight = 1000

	// maxUnsent is how many bytes of replies may wait for one client, and
	// maxUnsentAll for all of a listener. A client over it is cut: it takes
	// nothing, and less would cut ordinary readers of large replies.
	maxUnsent    = 64 << 20
	maxUnsentAll = 256 << 20
	// readAgain is how much may wait before no more is read of a client: who does
	// not take its replies, or the answers to its pings, is not asked for more.
	readAgain = 1 << 20
	// takeTime is how long a client may take nothing before it is cut: as long
	// as a kernel tries to reach a host that does not answer.
	takeTime = 60 * time.Second
	// rounds is how often who writes goes on for others that wrote meanwhile,
	// before it leaves that to a goroutine of its own.
	rounds = 3
	// keepOut is the largest buffer for output that is kept once it is written.
	keepOut = 32 << 10
	// copyBelow: a payload up to this is copied behind its head, a larger one
	// goes out from where it lies if nobody else is writing.
	copyBelow = 8 << 10
	// keepWorkers is how many goroutines of a client without requests are kept
	// for the next ones. Each has a stack of 8 KiB.
	keepWorkers = 64
	// smallTags is how many tags are looked up by number. "Implementations
	// should reuse small tag numbers", so nearly all are below it.
	smallTags = 1 << 10
)
