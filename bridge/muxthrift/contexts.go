package muxthrift

import (
	"sidecar/wire/mux"
	"sidecar/wire/thrift"
)

// The contexts in which Finagle carries what an application calls headers: pairs
// without a count (ReqRepHeaders.scala).
const (
	requestHeaders  = "com.twitter.finagle.thrift.Request.headers"
	responseHeaders = "com.twitter.finagle.thrift.Response.headers"
)

// The fields of THeader that have a context of their own.
const (
	clientIDField = "client_id"
	timeoutField  = "client_timeout" // goes by the exchange's Asked, and is said anew on each try
)

// appendContexts appends the contexts that say what the fields of a call do.
// bare is scratch for what has no context of its own.
func appendContexts(dst, bare, info []byte) (contexts, scratch []byte) {
	at := len(dst)
	bare = bare[:0]
	var t trace
	for k, v, rest, ok := thrift.NextInfo(info); ok; k, v, rest, ok = thrift.NextInfo(rest) {
		switch {
		case string(k) == timeoutField:
		case string(k) == clientIDField:
			dst = mux.AppendPair(dst, at, mux.ClientIDContext, v)
		case t.field(k, v):
		default:
			bare = mux.AppendBare(bare, k, v)
		}
	}
	if t.known() {
		var room [traceSize]byte
		dst = mux.AppendPair(dst, at, mux.TraceContext, t.append(room[:0]))
	}
	if len(bare) > 0 {
		dst = mux.AppendPair(dst, at, requestHeaders, bare)
	}
	return dst, bare
}

// appendInfo appends the fields that say what the contexts of a call do.
// Contexts that only Finagle understands are left out.
func appendInfo(dst, contexts []byte) []byte {
	for p := mux.PairsOf(contexts); ; {
		k, v, ok := p.Next()
		if !ok {
			return dst
		}
		switch string(k) {
		case mux.ClientIDContext:
			dst = thrift.AppendInfo(dst, clientIDField, v)
		case mux.TraceContext:
			dst = appendB3(dst, v)
		case requestHeaders:
			dst = appendBareInfo(dst, v)
		}
	}
}

// appendReplyInfo appends the fields that came with a reply.
func appendReplyInfo(dst, contexts []byte) []byte {
	if v, ok := mux.Lookup(contexts, responseHeaders); ok {
		return appendBareInfo(dst, v)
	}
	return dst
}

// appendReplyContexts appends the context of the fields that came with a reply.
func appendReplyContexts(dst, bare, info []byte) (contexts, scratch []byte) {
	at := len(dst)
	bare = bare[:0]
	for k, v, rest, ok := thrift.NextInfo(info); ok; k, v, rest, ok = thrift.NextInfo(rest) {
		bare = mux.AppendBare(bare, k, v)
	}
	if len(bare) > 0 {
		dst = mux.AppendPair(dst, at, responseHeaders, bare)
	}
	return dst, bare
}

func appendBareInfo(dst, bare []byte) []byte {
	for p := mux.Bare(bare); ; {
		k, v, ok := p.Next()
		if !ok {
			return dst
		}
		dst = thrift.AppendInfo(dst, k, v)
	}
}
