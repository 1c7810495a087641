// Package mux is both ends of Finagle's Mux: the session that applications open
// and the shared connection to a backend, on which many exchanges are under way
// at once, told apart by tags. What is dispatched is opaque here; that it is
// Thrift (ThriftMux) is known to bridge/muxthrift.
//
// The format follows finagle-mux: package.scala and transport/Message.scala.
package mux
