// Package pool keeps the connections to one endpoint: exclusive ones, each of
// which carries one exchange at a time, or shared ones, each of which carries
// many. It knows no protocol, no other endpoint and no policy of
// failure: it dials, lends, takes back, and says in a Fault what went wrong.
//
// Exclusive holds a watermark of connections: at most the high one exist, the low one
// are open without traffic, dialled ahead of need when its owner says so (see
// Warm). Exchanges beyond that wait in order of arrival, and beyond a bound
// they are turned away at once.
//
// Shared has a few connections, by default one, and gives each exchange to the
// one that carries the fewest. Nobody waits but for the first dial.
package pool
