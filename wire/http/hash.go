package http

// hash is a number that is the same for the same bytes on every host and in
// every version: a user who was switched stays switched behind another sidecar.
// It is FNV-1a with a finish, as FNV alone leaves the high bits of short texts
// almost alike.
func hash(seed uint64, p []byte) uint64 {
	const (
		offset = 14695981039346656037
		prime  = 1099511628211
	)
	h := offset ^ seed
	for _, b := range p {
		h = (h ^ uint64(b)) * prime
	}
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
