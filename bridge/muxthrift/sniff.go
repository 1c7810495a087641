package muxthrift

import (
	"bytes"

	"sidecar/wire/mux"
	"sidecar/wire/thrift"
)

// Kind is what a client speaks.
type Kind uint8

// The kinds.
const (
	Unknown Kind = iota // more bytes are needed, at most SniffBytes in all
	Thrift              // any of Thrift's encodings, or nothing that is known: its server says so
	Mux
	HTTP
)

// SniffBytes is how many bytes always decide.
const SniffBytes = thrift.SniffBytes

// Sniff says what a client speaks whose first bytes are b.
//
// Thrift is asked first: the strict binary protocol's first four bytes read as a
// Mux Rerr (finagle-thriftmux, MuxDowngradingNegotiator.scala), and the length of
// an unframed lax message's name as that of a frame; what is left undecided by
// four bytes the name or the tag behind them decides.
func Sniff(b []byte) Kind {
	switch _, verdict := thrift.Sniff(b); {
	case verdict == thrift.IsThrift:
		return Thrift
	case len(b) == 0 || verdict == thrift.Undecided && len(b) < SniffBytes:
		return Unknown
	}
	if is, decided := mux.Sniff(b); is {
		return Mux
	} else if decided {
		return httpOr(b)
	}
	return Unknown
}

// httpOr tells an HTTP request from what is nothing at all.
func httpOr(b []byte) Kind {
	for _, m := range httpMethods {
		if bytes.HasPrefix(b, m) {
			return HTTP
		}
	}
	return Thrift
}

// httpMethods are what requests of HTTP begin with. Never changed.
var httpMethods = [][]byte{
	[]byte("GET "), []byte("POST "), []byte("PUT "), []byte("HEAD "), []byte("DELETE "), []byte("OPTIONS"), []byte("PATCH "),
	[]byte("CONNECT"), []byte("TRACE "), []byte("PRI * "),
}
