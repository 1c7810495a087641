package kafka

// Rewrite appends to dst what clients are to be given of a whole answer (frame: its
// length word included) to a request of that key and version: every broker's
// address in it was learnt and replaced by its place. changed is false, and nothing
// appended, where frame can go out as it came. A problem says that the answer
// cannot be understood, and must not go out: it may carry addresses.
func Rewrite(dst []byte, key, version int16, frame []byte, p Places) (out []byte, changed bool, problem *Problem) {
	return dst, false, nil
}

// Strip makes Places of p that learn as p does and have a place for nobody: given
// to Rewrite with an answer of Produce, Fetch, ShareFetch or ShareAcknowledge, it
// takes their hints away.
func Strip(p Places) Places { return stripped{p} }

type stripped struct{ Places }

func (stripped) Place(int32) (string, int32, bool) { return "", 0, false }

// Errors tells s the error codes of a whole answer, as far as they are cheaply
// found: of every partition where an answer is about partitions, else the one of
// the answer.
func Errors(key, version int16, frame []byte, s Seer) {}

// Namer is told the topics of a Metadata answer.
type Namer interface {
	// Topic: id has 16 bytes. The bytes are not to be kept.
	Topic(id, name []byte)
}

// Topics tells n the names and ids of the first limit topics in an answer to
// Metadata, of versions that have ids (10 and up).
func Topics(version int16, frame []byte, limit int, n Namer) {}
