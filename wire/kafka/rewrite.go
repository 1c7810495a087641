package kafka

// Rewrite appends to dst what clients are to be given of a whole answer (frame: its
// length word included) to a request of that key and version: every broker's
// address in it was learnt and replaced by its place. changed is false, and nothing
// appended, where frame can go out as it came. A problem says that the answer
// cannot be understood, and must not go out: it may carry addresses.
func Rewrite(dst []byte, key, version int16, frame []byte, p Places) (out []byte, changed bool, problem *Problem) {
	return dst, false, nil
}
