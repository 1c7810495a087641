// Package balance picks the endpoint that an exchange goes to: pure pickers
// over a set of nodes that its caller gives them.
//
// It is no place for discovery, health or connections. A picker asks a Node
// for its status and load and believes it; it starts no goroutine, reads no
// clock (the time is an argument everywhere) and does no input or output, so
// that it can be run in virtual time.
//
// Pick, Done and whatever they call are the hot path: they allocate nothing
// and take at most one short mutex.
package balance
