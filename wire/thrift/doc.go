// Package thrift is both ends of Apache Thrift's own transports: the server that
// applications call (framed, unframed and THeader; binary, lax binary and
// compact) and the connection to a backend. Names, types and sequence ids are
// read in place and the rest goes on as raw bytes; only where the two sides
// encode differently is a message walked and written anew, which needs no IDL.
//
// It knows no Mux and no HTTP: packages under bridge join it to them by Call
// and Replier.
//
// The formats follow apache/thrift doc/specs: thrift-binary-protocol.md,
// thrift-compact-protocol.md, thrift-rpc.md and HeaderFormat.md.
package thrift
