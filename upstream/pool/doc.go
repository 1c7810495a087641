// Package pool keeps exclusive connections to one endpoint: each carries one
// exchange at a time. It knows no protocol, no other endpoint and no policy of
// failure: it dials, lends, takes back, and says in a Fault what went wrong.
//
// It holds a watermark of connections: at most the high one exist, the low one
// are open without traffic, dialled ahead of need when its owner says so (see
// Warm). Exchanges beyond that wait in order of arrival, and beyond a bound
// they are turned away at once.
package pool
