package thrift

// Every length and count that a peer can choose has its limit here, unless the
// configuration sets it (max_frame).
const (
	maxName  = 256        // bytes of a method's name, "Service:" included: it becomes an operation's key
	maxDepth = 64         // structs and containers within each other, as Thrift's own libraries allow
	maxSteps = 4          // transforms of a THeader: one makes sense
	maxInfo  = 4 * 0xffff // bytes of a THeader's variable part: what its size field can say
	maxSize  = 0x3fffffff // bytes of a message, whatever is configured: more is taken for text (HeaderFormat.md)
)
