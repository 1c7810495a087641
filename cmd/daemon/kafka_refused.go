package daemon

import (
	"context"
	"sync"
	"time"

	"sidecar"
	"sidecar/wire/kafka"
)

// refusedEvery is how often a listener of Kafka logs that it has refused a client:
// one that is set up wrongly comes again several times a second.
const refusedEvery = 10 * time.Second

// kafkaRefusals logs what clients of f are refused for. Kafka has no words for most
// of that, and the client's log says only that the connection was closed: so ours
// says why.
type kafkaRefusals struct {
	f    *front
	mu   sync.Mutex
	last time.Time // guarded by mu
}

func (r *kafkaRefusals) log(client string, err *sidecar.Fault) {
	if err.Reason != sidecar.BadRequest {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); now.Sub(r.last) >= refusedEvery {
		r.last = now
		r.f.log.Warn("client refused", "listener", r.f.name(), "client", client, "error", err.Err)
	}
}

// refused is told of clients that came to no session.
func (r *kafkaRefusals) refused(x *sidecar.Exchange, client string, err *sidecar.Fault) {
	r.f.refused(x, client, err)
	r.log(client, err)
}

// watch tells of sessions that end with a refusal: a wrong password, an API that is
// hidden.
func (r *kafkaRefusals) watch(next sidecar.Service) sidecar.Service {
	return watchedTalks{r, next}
}

type watchedTalks struct {
	refusals *kafkaRefusals
	next     sidecar.Service
}

func (w watchedTalks) Do(ctx context.Context, x *sidecar.Exchange) error {
	err := w.next.Do(ctx, x)
	if talk, ok := x.Msg.(*kafka.Talk); ok && err != nil {
		if f := sidecar.FaultOf(err); f.Has(sidecar.FromClient) {
			w.refusals.log(string(talk.Client), f)
		}
	}
	return err
}
