package thrift

// The problems of connections.
var (
	errNotThrift     = &Problem{ProtocolError, false, "this is no Thrift, or none that this port takes"}
	errOtherProtocol = &Problem{InvalidProtocol, false, "this port takes another protocol"}
	errNoCall        = &Problem{InvalidMessageType, false, "message is no CALL and no ONEWAY"}
	errNoReply       = &Problem{InvalidMessageType, false, "reply is no REPLY and no EXCEPTION"}
	errSequence      = &Problem{BadSequenceID, false, "reply has another sequence id than its call"}
	errNoRoom        = &Problem{ProtocolError, true, "the process holds as much of requests and replies as it may"}
	errStalled       = &Problem{ProtocolError, false, "call stopped coming"}
	errSlow          = &Problem{ProtocolError, false, "call takes too long: it has six times header_timeout and a second for each 64 KiB"}
)
