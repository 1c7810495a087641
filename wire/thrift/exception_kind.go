package thrift

// Kind is the type of a TApplicationException. Those from LoadShedding on are
// fbthrift's.
type Kind int32

// The kinds (thrift-rpc.md, and fbthrift's TApplicationException.h).
const (
	UnknownKind Kind = iota
	UnknownMethod
	InvalidMessageType
	WrongMethodName
	BadSequenceID
	MissingResult
	InternalError
	ProtocolError
	InvalidTransform
	InvalidProtocol
	UnsupportedClientType
	LoadShedding
	TimedOut
	InjectedFailure
)
