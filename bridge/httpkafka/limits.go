package httpkafka

import "time"

// Every length and count that a client can choose has its limit here, unless the
// configuration sets it.
const (
	maxRecords = 10_000 // of a request: each has its bookkeeping, and its place in the answer
	maxHeaders = 64     // of a record
	maxTopic   = 249    // bytes of a topic's name, as brokers have it
	maxTold    = 64     // bytes of a client's own text in what it is told
	// recordCost is what a record takes beside its bytes, as max_buffered counts it.
	recordCost = 256
	// retryAfter is when a client is asked to come again that found no room, in
	// seconds: what is buffered leaves within a round trip, or not for longer.
	retryAfter = "1"
	// recently is how long a failure to reach a broker is told as the likely cause
	// of a silence.
	recently = 30 * time.Second
	// lastFlush is what records get that are buffered when the producer is closed.
	// Who drains the process has flushed before, for as long as its grace.
	lastFlush = time.Second
)
