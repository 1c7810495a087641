// Package dns finds endpoints in the domain name system:
//
//	dns://name:port             each address of the name, at that port
//	srv://_service._proto.name  each address of each target, at the target's port
//
// Both take ?resolver=host:port,... to ask these servers in order instead of
// those of /etc/resolv.conf, and &family=auto|4|6|all. Names are looked up as
// applications expect it: /etc/hosts first, then the search domains by ndots
// (RFC 1034, RFC 1035, resolv.conf(5)); SRV records as RFC 2782 has them.
//
// An answer is asked for again when its TTL is over, within bounds, and sooner
// when Refresh says that what it held does not work. A name that does not exist
// and a name without addresses are empty answers and say which they are; a
// server that fails or is silent is an error, and takes nothing away.
//
// It uses a resolver library because the standard one hides TTLs and tells
// those cases apart by their text only.
package dns
