// Package resp is Redis' protocol, RESP2 and RESP3, as redis.io's protocol
// specification and the server's own source have it.
//
// Its codec is pure, bytes in and values out: requests cut out of a connection's
// bytes, the ends of replies found in a backend's, what each command is and where
// its keys stand, the hashes that choose a shard, and the splitting of one
// command over several shards. Nothing in it reads a socket or a clock, and
// nothing is kept of bytes but where in them something stands.
//
// Server is the local side. What one read brings is a burst; its commands become
// Calls, one exchange each, and their replies leave in the order of the commands.
package resp
