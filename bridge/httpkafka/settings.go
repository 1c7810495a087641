package httpkafka

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Settings of a producer. Those that change the clients behind it have new ones
// made; what the former have buffered is written by them.
type Settings struct {
	// Acks is "all", "1" or "0", where a request does not say.
	Acks string
	// Idempotent has brokers drop what comes to them twice; with Acks "all" only.
	Idempotent bool
	// Compression is "none", "gzip", "snappy", "lz4" or "zstd".
	Compression string
	// Linger is how long a record waits for others to share its batch.
	Linger time.Duration
	// Batch is how many bytes a batch may have, before compression. A record has to
	// fit one.
	Batch int
	// Delivery is how long a record may be on its way. One that brokers may have
	// goes on until they say so.
	Delivery time.Duration
	// Connect is the time of a dial, TLS included.
	Connect time.Duration
	// Create has topics made that there are not, where brokers allow it.
	Create bool
	// Mechanism is how to log in: "" is not at all.
	Mechanism string
	// MaxBuffered is how many bytes may be under way, all requests together.
	MaxBuffered int64
	// MaxBody is how many bytes a body may have.
	MaxBody int
}

// remake tells whether clients made for s cannot serve as t has it.
func (s Settings) remake(t Settings) bool {
	s.Acks, s.MaxBuffered, s.MaxBody = t.Acks, t.MaxBuffered, t.MaxBody
	return s != t
}

// compression is the codec of that name.
func compression(name string) kgo.CompressionCodec {
	switch name {
	case "gzip":
		return kgo.GzipCompression()
	case "snappy":
		return kgo.SnappyCompression()
	case "lz4":
		return kgo.Lz4Compression()
	case "zstd":
		return kgo.ZstdCompression()
	}
	return kgo.NoCompression()
}
