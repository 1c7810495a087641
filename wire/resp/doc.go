// Package resp is the codec of Redis' protocol, RESP2 and RESP3, as redis.io's
// protocol specification and the server's own source have it: requests cut out
// of a connection's bytes, the ends of replies found in a backend's, what each
// command is and where its keys stand, the hashes that choose a shard, and the
// splitting of one command over several shards.
//
// All of it is pure: bytes in, values out. Nothing here reads a socket or a
// clock, and nothing is kept of bytes but where in them something stands.
package resp
