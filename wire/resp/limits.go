package resp

// The limits of requests are those of Redis 7; what is beyond them is refused
// in its words.
const (
	// MaxArgs is how many arguments a command may have, its name counted.
	MaxArgs = 1 << 20
	// MaxInline is the length in bytes of the longest line: of an inline command
	// and of the count or length before an argument.
	MaxInline = 64 << 10
	// DefaultMaxBulk is the longest argument in bytes (proto-max-bulk-len).
	DefaultMaxBulk = 512 << 20
	// guestArgs and guestBulk are MaxArgs and MaxBulk of clients that have not
	// logged in, where they must.
	guestArgs = 10
	guestBulk = 16 << 10
	// DefaultMaxRequest is the longest command in bytes
	// (client-query-buffer-limit).
	DefaultMaxRequest = 1 << 30

	// maxReplyLine is the longest simple string, error or number in bytes.
	maxReplyLine = 64 << 10
	// keptArgs is how many spans a Burst, and keys a Splitter, keeps the memory
	// of, so that one large command does not cost an idle connection for ever.
	keptArgs = 4096
)
