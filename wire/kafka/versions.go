package kafka

// Versions are the APIs that a broker has, by its answer to ApiVersions, and what
// of them clients may use.
type Versions struct {
	// Most is the highest version by key, -1 for a key that it does not have.
	Most []int16
}
