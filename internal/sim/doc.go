// Package sim runs many sidecars against many backends in virtual time, with
// the pickers, breakers and budgets that run in production: one goroutine, one
// queue of events, and numbers from a seed, so that a run repeats to the byte.
//
// It is no test of sockets, pools or timers: what a request costs on the way is
// not in it, and a connection is a fact that is counted. What the retry layer
// and the cluster decide around the pickers is told again here in a few lines,
// as those wait for their exchanges and a simulation cannot.
package sim
