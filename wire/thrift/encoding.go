package thrift

// Transport is how messages are told apart on a connection.
type Transport uint8

const (
	// Framed has a length of four bytes before each message.
	Framed Transport = iota
	// Unframed has nothing: a message ends where its struct ends.
	Unframed
	// Header is THeader: a frame with a magic number, the inner protocol,
	// transforms and fields (HeaderFormat.md).
	Header
)

// Protocol is how one message is written.
type Protocol uint8

const (
	// Binary is the strict binary protocol, with a version in its first bytes.
	Binary Protocol = iota
	// Lax is the old binary protocol, which begins with the method's name.
	// Values are written as in Binary.
	Lax
	// Compact is the compact protocol.
	Compact
)

// Encoding is both, as a connection speaks them. Protocol is the inner one of a
// Header.
type Encoding struct {
	Transport Transport
	Protocol  Protocol
}

// Type is what a message is.
type Type uint8

// The types of messages (thrift-rpc.md).
const (
	CallType Type = 1 + iota
	ReplyType
	ExceptionType
	OnewayType
)

// Head is where a message's head stands in it. Offsets are of the message
// without its frame.
type Head struct {
	Type    Type
	Seq     int32
	Name    int // the method's name is [Name:NameEnd], "Service:method" of a multiplexed one
	NameEnd int
	Body    int // the struct of arguments or results begins here
}
