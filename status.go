package sidecar

// Status says whether an endpoint may be picked. It is a property of
// endpoints, read by pickers; a larger value is worse, so that the worst of
// several (discovery, drain, breaker, pool) is their maximum.
type Status uint8

const (
	// Open takes exchanges.
	Open Status = iota
	// Busy takes exchanges, but they will wait: its pool has waiters.
	Busy
	// Closed is picked only when every other endpoint is Closed too.
	Closed
)

func (s Status) String() string { return nameOf([]string{"open", "busy", "closed"}, s) }
