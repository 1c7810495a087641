package http1

import "time"

// Every length and count that a peer can choose has its limit here, unless the
// configuration sets it.
const (
	maxMethod     = 32                     // bytes of a method
	maxFields     = 256                    // field lines of one head or trailer section
	maxNominated  = 16                     // names in Connection fields
	maxBlankLines = 2                      // empty lines before a request line
	maxReplyHead  = 64 << 10               // bytes of a backend's reply head
	maxChunkLine  = 1 << 10                // bytes of a chunk-size line with its extensions
	maxTrailer    = 16 << 10               // bytes of a trailer section
	maxInformal   = 16                     // 1xx replies to one request
	maxHeldDrain  = 64 << 10               // bytes of a held reply read so that its connection can be kept
	heldDrainTime = 100 * time.Millisecond // how long that may take: the next try waits for it
	maxAsked      = 4                      // fields of a request that say how long its client waits: one of each name
	maxForwards   = 1<<31 - 1              // the most of Max-Forwards that is sent on
	// lastMoment is what a request's last write gets when its reply is there already.
	// Without it both connections close. Under load a goroutine that can go on waits
	// for a processor longer than a few milliseconds; nearly none needs it all.
	lastMoment = 25 * time.Millisecond
	copyBelow  = 4 << 10 // a body up to this is copied behind its head, above it goes by writev
)
