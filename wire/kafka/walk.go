package kafka

// Walker walks through an answer to Fetch or ShareFetch as it passes, in pieces of
// any size, and takes the brokers' addresses at its end out without changing its
// length. The zero Walker is ready for Begin.
type Walker struct {
	// Seen is told of each partition; nil is nobody.
	Seen Seer
}

// Seer is told what an answer says of a partition.
type Seer interface {
	// Partition: topic is its name, or its id of 16 bytes. high is the high
	// watermark (-1 if it is not told), base the first offset of what was fetched
	// (-1 if nothing was). The bytes are not kept.
	Partition(topic []byte, id bool, partition int32, code int16, high, base int64)
}

// Begin readies the walker for the answer to a request of that key and version,
// which has size bytes behind its correlation id.
func (w *Walker) Begin(key, version int16, size int) {}

// Take walks through the next bytes of it, some of which it may change. skip is how
// many bytes behind them nobody need see (records).
func (w *Walker) Take(b []byte) (skip int, p *Problem) { return 0, nil }
