package daemon

import (
	"context"
	"sync/atomic"

	"sidecar"
	"sidecar/bridge/httpkafka"
	"sidecar/config"
	"sidecar/discovery"
	"sidecar/wire/kafka"
)

// records are what come to an upstream of Kafka by HTTP.
type records struct {
	*httpkafka.Producer
	login atomic.Pointer[kafka.DialSettings]
}

// newRecords makes what writes the records of u; it connects to nobody before the
// first of them.
func (d *daemon) newRecords(u config.Upstream, login kafka.DialSettings, dial dialFunc) *records {
	r := &records{}
	r.login.Store(&login)
	// Its end is Close, which runs behind the last exchange.
	r.Producer = httpkafka.NewProducer(context.Background(), httpkafka.Params{
		Name: u.Name, Version: Version, Dial: httpkafka.Dial(dial), Login: func() kafka.DialSettings { return *r.login.Load() },
		Registry: d.registry, Log: d.log.With("upstream", u.Name), Now: sidecar.Now,
	}, producerSettings(u))
	return r
}

// producerSettings are u's settings as its producer takes them.
func producerSettings(u config.Upstream) httpkafka.Settings {
	p := u.Producer
	return httpkafka.Settings{
		Acks: p.Acks, Idempotent: p.Idempotent, Compression: p.Compression, Linger: p.Linger, Batch: int(p.Batch), Delivery: p.Delivery,
		Connect: u.ConnectTimeout, Create: p.CreateTopics, Mechanism: u.Kafka.Mechanism, MaxBuffered: p.MaxBuffered, MaxBody: int(p.MaxBody),
	}
}

// set takes over what a reload has changed.
func (r *records) set(u config.Upstream, login kafka.DialSettings) {
	r.login.Store(&login)
	r.Set(producerSettings(u))
}

// changed takes up which brokers there are.
func (r *records) changed(used []discovery.Known, _ map[string]bool) {
	addresses := make([]string, len(used))
	for i, k := range used {
		addresses[i] = k.Address
	}
	r.Seeds(addresses)
}
