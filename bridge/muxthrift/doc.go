// Package muxthrift joins Thrift and Mux. Its Server stands in front of the
// servers of both and finds out by a client's first bytes which of them it wants;
// its layers, between the route and the upstream, let clients of either reach
// backends of the other.
//
// The payload of a Mux dispatch is a Thrift message without a frame, so a call
// goes from one to the other as it is; it is written anew only where the protocols
// differ. What stands beside it (the time that the client gives, who it is, its
// trace) changes its form: contexts.go.
//
// It holds no connection and keeps nothing between two calls.
package muxthrift
