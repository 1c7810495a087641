package config

import "time"

const (
	maxMuxConnections = 64       // to one endpoint
	minMuxFragment    = 1 << 10  // bytes: less makes more of heads than of bytes
	maxMuxFragment    = 16 << 20 // bytes
)

// Mux says how Mux is spoken to the endpoints of an upstream.
type Mux struct {
	Connections int           // to one endpoint, at most
	PingPeriod  time.Duration // 0 = none
	PingTimeout time.Duration // > 0
	MaxFrame    int64         // bytes of a reply, fragments put together
	Fragment    int64         // bytes of a piece of a reply that endpoints are asked for
}

// mux reads how the endpoints of an upstream are spoken to.
func mux(t *table) Mux {
	defer t.done()
	return Mux{
		Connections: t.count("connections", 1, 1, maxMuxConnections),
		PingPeriod:  t.span("ping_period", "5s", "none"),
		PingTimeout: t.span("ping_timeout", "4s", ""),
		MaxFrame:    thriftFrame(t),
		Fragment:    t.size("fragment", "64KiB", minMuxFragment, maxMuxFragment),
	}
}
