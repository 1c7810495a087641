// Package listener is where clients come in: it binds local addresses, accepts
// within limits, owns the goroutine of each active connection, parks idle ones
// and drains. It hands connections to a protocol's server and knows none
// itself. The two layers of the listener's own, its counts and its admission,
// are here too.
package listener
