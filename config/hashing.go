package config

import "strings"

// maxBounded is a bound that no load reaches where it is even at all.
const maxBounded = 1000

// What the zone of an endpoint means to an upstream.
const (
	zonePrefer = "prefer" // those of the process's own are taken first
	zoneOff    = "off"
)

// hashing reads by what the policies that hash go. Which parts a request has is
// the protocol's to say.
func hashing(t *table, policy string) (hash string, bounded float64) {
	hash = t.text("hash", "", nil)
	bounded = t.number("bounded_load", 0, maxBounded)
	hashes := policy == PolicyRingHash || policy == PolicyMaglev
	const examples = `"header:NAME", "cookie:NAME", "path:N", "query:NAME" or "client"`
	t.cross(!hashes || hash != "", "policy", "hash", "missing: %s goes by a part of the request: set hash to %s", shown(policy), examples)
	t.cross(hashes || hash == "", "policy", "hash",
		"%s does not go by a part of the request: leave hash out, or set policy to %s or %s", shown(policy), shown(PolicyRingHash), shown(PolicyMaglev))
	t.cross(hashes || bounded == 0, "policy", "bounded_load", "only %s and %s have a bound: leave it out", shown(PolicyRingHash), shown(PolicyMaglev))
	t.cross(!hashes || bounded == 0 || bounded > 1, "policy", "bounded_load",
		"expected 0 for no bound, or more than 1, such as 1.25: the average itself cannot be the most, got %v", bounded)
	return strings.TrimSpace(hash), bounded
}
