package daemon

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/config"
	"sidecar/discovery"
	"sidecar/discovery/kafka"
	"sidecar/upstream"
	"sidecar/upstream/pool"
	"sidecar/varz"
	wire "sidecar/wire/kafka"
)

// kafkaBackend is an upstream of Kafka as listeners see it.
type kafkaBackend struct {
	d       *daemon
	name    string
	dialer  *wire.Dialer
	records *records
	sockets *dialing
	refresh atomic.Int64 // nanoseconds
	source  atomic.Pointer[kafka.Source]
}

// kafkaSpeaker makes the connections to each broker of u.
func (d *daemon) kafkaSpeaker(u config.Upstream, dial dialFunc) (speaker, error) {
	set, err := kafkaDialSettings(u)
	if err != nil {
		return speaker{}, err
	}
	b := &kafkaBackend{d: d, name: u.Name}
	dial = b.elsewhere(dial)
	b.records = d.newRecords(u, set, dial)
	b.dialer = wire.NewDialer(wire.DialParams{Dial: dial, Buffers: d.bufs, Now: sidecar.Now}, set)
	b.refresh.Store(int64(u.Kafka.Refresh))
	return speaker{
		lines: []upstream.Line{{Dial: func(ctx context.Context, e discovery.Endpoint) (pool.Conn, error) {
			conn, err := b.dialer.Connect(ctx, e.Address)
			if err != nil {
				return nil, err // a nil *wire.Conn in a pool.Conn would not be nil
			}
			return conn, nil
		}}},
		sent: varz.SocketBytesSent, received: varz.SocketBytesRecv, kafka: b, set: b.set,
	}, nil
}

// set takes over what a reload has changed.
func (b *kafkaBackend) set(u config.Upstream) error {
	set, err := kafkaDialSettings(u)
	if err != nil {
		return err
	}
	b.dialer.Set(set)
	b.records.set(u, set)
	b.refresh.Store(int64(u.Kafka.Refresh))
	return nil
}

// kafkaDialSettings are u's settings as connections to brokers take them.
func kafkaDialSettings(u config.Upstream) (wire.DialSettings, error) {
	k := u.Kafka
	set := wire.DialSettings{Mechanism: k.Mechanism, Username: k.Username}
	if k.Password != (config.Secret{}) {
		var err error
		if set.Password, err = readSecret(k.Password); err != nil {
			return set, fmt.Errorf("%s.kafka.password: %w", u.Key, err)
		}
	}
	if k.Mechanism == config.KafkaOAuth {
		set.Token = tokenOf(u)
	}
	return set, nil
}

// watch is the source of u's brokers, which seeds name some of.
func (b *kafkaBackend) watch(u config.Upstream, seeds []discovery.Source) discovery.Source {
	s := kafka.New(kafka.Params{
		Seeds: seeds, Prefer: u.Prefer, Ask: b.dialer.Ask, Own: b.own, Changed: b.moved,
		Refresh: func() time.Duration { return time.Duration(b.refresh.Load()) },
		Service: u.Name, Registry: b.d.registry, Log: b.d.log,
	})
	b.source.Store(s)
	return s
}

// learn takes up what an answer says of a node.
func (b *kafkaBackend) learn(node int32, host []byte, port int32) {
	b.source.Load().Meet(node, host, port)
}

// own tells whether a broker's address leads to this process: then clients would
// go round in it and never come to a broker.
func (b *kafkaBackend) own(address string) bool {
	host, port, err := net.SplitHostPort(b.sockets.way(address))
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	local := host == "localhost" || err == nil && ip.Unmap().IsLoopback()
	for _, f := range b.d.fronts {
		at, ok := f.ln.Addr().(*net.TCPAddr)
		if !ok || fmt.Sprint(at.Port) != port {
			continue
		}
		if at.IP.String() == host || local && (f.places != nil && f.places.mode == config.KafkaLoopback || at.IP.IsUnspecified() || at.IP.IsLoopback() && host == "localhost") {
			return true
		}
	}
	return false
}

// moved tells where the nodes are, as clients find them.
func (b *kafkaBackend) moved(n *kafka.Nodes) {
	for _, f := range b.d.fronts {
		if f.places != nil && f.places.cluster == b {
			f.places.moved(b.d.log, f.name(), n)
		}
	}
}
