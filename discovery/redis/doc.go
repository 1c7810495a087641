// Package redis finds the servers of a Redis Cluster or of a master that
// Sentinels watch: which there are, what each is, and which slots it has.
//
// Seeds, which other sources of discovery tell, are asked by the library
// go-redis; no request of a client goes this way. A Source gives out the servers
// as endpoints and, beside them, a Topology each time that it changes, so that
// whoever routes keys never names an endpoint that is not given out: what comes
// is told before the topology that names it, what goes some seconds after.
//
// An answer never makes a good topology empty, and what servers say differently
// is judged, not joined (see view.better and election). It does not know how keys
// become slots, and nothing of the configuration file.
package redis
