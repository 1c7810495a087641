package kafka

// Walker walks through an answer to Fetch or ShareFetch as it passes, in pieces of
// any size, and takes the brokers' addresses at its end out without changing its
// length. The zero Walker is ready for Begin.
type Walker struct {
	// Seen is told of each partition; nil is nobody.
	Seen Seer
}

// Seer is told what an answer says of partitions.
type Seer interface {
	// See is called once a partition, as soon as its batches' head was there, and
	// once for an error that stands for the whole answer (Partition -1, no Topic).
	See(p Partition)
}

// Partition is what an answer says of one.
type Partition struct {
	// Topic is its name, or its id of 16 bytes (ID); the bytes are not to be kept.
	Topic     []byte
	ID        bool
	Partition int32
	Code      int16
	High      int64 // the high watermark, -1 if it is not told
	Base      int64 // the first offset of what was fetched or written, -1 if nothing was
	Bytes     int   // of records
}

// Begin readies the walker for the answer to a request of that key and version,
// which has size bytes behind its correlation id.
func (w *Walker) Begin(key, version int16, size int) {}

// Take walks through the next bytes of it, some of which it may change. skip is how
// many bytes behind them nobody need see (records): they are passed on without
// being shown, and the next Take begins behind them.
func (w *Walker) Take(b []byte) (skip int, p *Problem) { return 0, nil }
