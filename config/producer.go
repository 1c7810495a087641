package config

import "time"

const (
	minProducerBatch = 1 << 10 // bytes
	maxProducerBatch = 100 << 20
	maxProducerBody  = 64 << 20 // held whole, beside what it becomes
	minProducerRoom  = 1 << 20
	maxProducerRoom  = 16 << 30
	maxLinger        = 10 * time.Second
	minDelivery      = time.Second
)

// What must have a record before it counts as written.
const (
	AcksAll    = "all"
	AcksLeader = "1"
	AcksNone   = "0"
)

// Producer says how records are written that come to an upstream of ProtocolKafka
// by HTTP.
type Producer struct {
	Acks         string // AcksAll, AcksLeader or AcksNone, where a request does not say
	Idempotent   bool   // brokers drop what comes to them twice; with AcksAll only
	Compression  string // "none", "gzip", "snappy", "lz4" or "zstd"
	Linger       time.Duration
	Batch        int64         // bytes, before compression
	Delivery     time.Duration // that a record may be on its way
	MaxBuffered  int64         // bytes of all records under way
	MaxBody      int64         // bytes of a request's body
	CreateTopics bool          // where brokers allow it
}

func producer(t *table) Producer {
	defer t.done()
	p := Producer{
		Acks:         t.choose("acks", AcksAll, choice{names: []string{AcksAll, AcksLeader, AcksNone}}),
		Idempotent:   t.flag("idempotent", true),
		Compression:  t.choose("compression", "none", choice{names: []string{"none", "gzip", "snappy", "lz4", "zstd"}}),
		Linger:       t.floor("linger", "5ms"),
		Batch:        t.size("batch", "976KiB", minProducerBatch, maxProducerBatch),
		Delivery:     t.span("delivery_timeout", "30s", ""),
		MaxBuffered:  t.size("max_buffered", "64MiB", minProducerRoom, maxProducerRoom),
		MaxBody:      t.size("max_body", "4MiB", minProducerBatch, maxProducerBody),
		CreateTopics: t.flag("create_topics", false),
	}
	t.cross(p.Linger <= maxLinger, "linger", "linger", "expected at most %s, got %s: clients wait for it", durationText(maxLinger), durationText(p.Linger))
	t.cross(p.Delivery >= minDelivery, "delivery_timeout", "delivery_timeout", "expected at least %s, got %s: leaders move, and are looked for again", durationText(minDelivery), durationText(p.Delivery))
	t.cross(p.MaxBody <= p.MaxBuffered, "max_buffered", "max_body", "max_body (%d bytes) must not be more than max_buffered (%d bytes)", p.MaxBody, p.MaxBuffered)
	return p
}
