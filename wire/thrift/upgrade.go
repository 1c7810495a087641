package thrift

// upgrade is the method by which Finagle's clients of plain Thrift ask, before
// their first call, whether the server takes headers in front of every message
// from then on (finagle-thrift, ThriftTracing.scala). It speaks of the connection,
// and this side's is not the backend's: a backend that agreed would expect the
// headers from whoever uses that connection next.
const upgrade = "__can__finagle__trace__v3__"

// upgrades tells whether the call is that question.
func (t *turn) upgrades() bool {
	return string(t.call.name()) == upgrade && t.call.Head.Type == CallType
}

// decline answers it as a server that knows no such method, after which clients
// go on without headers.
func (t *turn) decline() (keep bool) {
	m := parcel{Encoding: t.call.Encoding, Head: t.call.Head, Payload: t.call.Payload}
	t.wrote = 0
	keep = t.say(exceptionTo(&m, UnknownMethod, "sidecar: headers in front of messages (TTwitter) are not taken"))
	t.srv.stats.Out.Add(uint64(t.wrote))
	t.free()
	return keep
}
