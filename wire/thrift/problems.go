package thrift

// Problem says why bytes are no message. The problems are values that nobody
// changes, and callers compare them.
type Problem struct {
	// Kind is how a caller is told (an EXCEPTION's type).
	Kind Kind
	// Large: nothing is wrong but the size.
	Large bool
	text  string
}

func (p *Problem) Error() string { return p.text }

// More is no fault: the bytes are good so far, and more of them are needed.
var More = &Problem{ProtocolError, false, "message is not whole"}

// The problems of messages. Each text is what the caller reads and what stands
// in the why ring.
var (
	errVersion    = &Problem{ProtocolError, false, "message does not begin as the binary protocol's version 1 (80 01)"}
	errCompact    = &Problem{ProtocolError, false, "message does not begin as the compact protocol's version 1 (82)"}
	errType       = &Problem{InvalidMessageType, false, "message type is not CALL, REPLY, EXCEPTION or ONEWAY"}
	errNoName     = &Problem{ProtocolError, false, "call without a method's name"}
	errLongName   = &Problem{ProtocolError, false, "method's name is longer than 256 bytes, or its length is negative"}
	errVarint     = &Problem{ProtocolError, false, "varint is longer than its type"}
	errFieldType  = &Problem{ProtocolError, false, "field or element of an unknown type"}
	errStop       = &Problem{ProtocolError, false, "stop field with an id"}
	errDepth      = &Problem{ProtocolError, false, "structs and containers are more than 64 deep"}
	errNegative   = &Problem{ProtocolError, false, "negative length of a string or container"}
	errCount      = &Problem{ProtocolError, false, "container has more elements than the message has bytes left for"}
	errValueSize  = &Problem{ProtocolError, true, "value is longer than what is left of the message or of max_frame"}
	errShort      = &Problem{ProtocolError, false, "message ends in the middle of a value"}
	errBehind     = &Problem{ProtocolError, false, "bytes behind the end of the message"}
	errGrown      = &Problem{ProtocolError, true, "message is larger than max_frame in the other protocol"}
	errFrameSize  = &Problem{ProtocolError, true, "frame is larger than max_frame"}
	errFrameSign  = &Problem{ProtocolError, false, "length of the frame is negative, or this is not Thrift"}
	errMagic      = &Problem{ProtocolError, false, "frame does not begin as a THeader (0f ff)"}
	errHeader     = &Problem{ProtocolError, false, "THeader is longer than its frame, or its fields than it"}
	errProtocolID = &Problem{InvalidProtocol, false, "THeader names a protocol other than binary (0) and compact (2)"}
	errTransform  = &Problem{InvalidTransform, false, "THeader names a transform other than zlib (1) and snappy (3), or more than 4"}
	errInfoLength = &Problem{ProtocolError, false, "THeader with more than 256 KiB of fields"}
	errPacked     = &Problem{InvalidTransform, false, "transformed message cannot be decompressed"}
	errUnpacked   = &Problem{InvalidTransform, true, "message is larger than max_frame when decompressed"}
	errFrameEmpty = &Problem{ProtocolError, false, "empty frame"}
)
