package http1

import "time"

// Every length and count that a peer can choose has its limit here, unless the
// configuration sets it.
const (
	maxMethod     = 32                   // bytes of a method
	maxFields     = 256                  // field lines of one head or trailer section
	maxNominated  = 16                   // names in Connection fields
	maxBlankLines = 2                    // empty lines before a request line
	maxReplyHead  = 64 << 10             // bytes of a backend's reply head
	maxChunkLine  = 1 << 10              // bytes of a chunk-size line with its extensions
	maxTrailer    = 16 << 10             // bytes of a trailer section
	maxInformal   = 16                   // 1xx replies to one request
	maxHeldDrain  = 64 << 10             // bytes of a held reply read so that its connection can be kept
	lingerQuiet   = 2 * time.Second      // silence after which a client is taken to have its reply
	lingerTime    = 10 * time.Second     // how long a client may go on sending after its reply
	lastMoment    = 5 * time.Millisecond // what a request's last write gets when its reply is there already
	copyBelow     = 4 << 10              // a body up to this is copied behind its head, above it goes by writev
)
