package daemon

import (
	"sync"
	"time"

	"sidecar"
)

// refusedEvery is how often a listener of Kafka logs that it has refused a client:
// one that is set up wrongly comes again several times a second.
const refusedEvery = 10 * time.Second

// kafkaRefused is who is told of clients that f has refused. Kafka has no words for
// most of that, and the client's log says only that the connection was closed: so
// ours says why.
func (f *front) kafkaRefused() func(x *sidecar.Exchange, client string, err *sidecar.Fault) {
	var mu sync.Mutex
	var last time.Time
	return func(x *sidecar.Exchange, client string, err *sidecar.Fault) {
		f.refused(x, client, err)
		if err.Reason != sidecar.BadRequest {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); now.Sub(last) >= refusedEvery {
			last = now
			f.log.Warn("client refused", "listener", f.name(), "client", client, "error", err.Err)
		}
	}
}
