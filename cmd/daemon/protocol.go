package daemon

import (
	"context"
	"net"
	"sync/atomic"

	"sidecar"
	"sidecar/bridge/muxthrift"
	"sidecar/config"
	"sidecar/discovery"
	"sidecar/listener"
	"sidecar/sock"
	"sidecar/upstream"
	"sidecar/upstream/pool"
	"sidecar/varz"
	"sidecar/wire/http"
	"sidecar/wire/http1"
	"sidecar/wire/kafka"
	"sidecar/wire/mux"
	"sidecar/wire/resp"
	"sidecar/wire/thrift"
)

// server is the local side of one protocol, as a front has it. Protocol packages
// return their own types, and import nobody who would use them.
type server interface {
	listener.Server
	// set takes over what a reload has changed; an error changes nothing.
	set(l config.Listener) error
}

type httpServer struct{ *http1.Server }

func (s httpServer) NewClient(c *sock.Conn) listener.Client { return s.Server.NewClient(c) }
func (s httpServer) set(l config.Listener) error {
	s.Set(httpSettings(l))
	return nil
}

// thriftServer serves clients of Thrift and of ThriftMux at one port.
type thriftServer struct {
	*muxthrift.Server
	plain *thrift.Server
	mux   *mux.Server
}

func (s thriftServer) NewClient(c *sock.Conn) listener.Client { return s.Server.NewClient(c) }

func (s thriftServer) set(l config.Listener) error {
	s.plain.Set(thriftSettings(l))
	s.mux.Set(muxSettings(l))
	s.Set(sniffSettings(l))
	return nil
}

// newServer makes the server of l's protocol for f.
func (d *daemon) newServer(f *front, l config.Listener, handler sidecar.Service) (server, error) {
	switch l.Protocol {
	case config.ProtocolKafka:
		return d.newKafkaServer(f, l, handler)
	case config.ProtocolRedis:
		return d.newRedisServer(f, l, handler)
	case config.ProtocolThrift:
		plain := thrift.NewServer(thrift.Params{
			Handler: handler, Wheel: d.wheel, Buffers: d.bufs, Lot: d.lot, Room: d.room,
			Stats: thrift.NewStats(d.registry, l.Name), Refused: f.refused,
		}, thriftSettings(l))
		over := mux.NewServer(mux.Params{
			Handler: handler, Wheel: d.wheel, Buffers: d.bufs, Lot: d.lot, Room: d.room, Labels: muxthrift.Labels{},
			Stats: mux.NewStats(d.registry, l.Name), Refused: f.refused,
		}, muxSettings(l))
		return thriftServer{muxthrift.NewServer(muxthrift.Params{Thrift: plain, Mux: over, Wheel: d.wheel}, sniffSettings(l)), plain, over}, nil
	}
	return httpServer{http1.NewServer(http1.Params{
		Handler: handler, Wheel: d.wheel, Buffers: d.bufs, Lot: d.lot, Held: int(l.MaxHeldBody),
		Room: d.room, Pipes: d.pipes, Stats: http1.NewStats(d.registry, l.Name), Refused: f.refused,
	}, httpSettings(l))}, nil
}

// callsThrift tells whether requests of the protocol are calls of Thrift.
func callsThrift(protocol string) bool {
	return protocol == config.ProtocolThrift || protocol == config.ProtocolThriftMux
}

// selectors is how the parts of a request are named in the protocol.
func selectors(protocol string) func(name string) (sidecar.Selector, bool) {
	switch {
	case callsThrift(protocol):
		return muxthrift.Select
	case protocol == config.ProtocolRedis:
		return resp.Select
	case protocol == config.ProtocolKafka:
		return kafka.Select
	}
	return http.Select
}

// requestID is the part of a request that tells it from all others; of Redis,
// whose commands have none, the key, and of Kafka the client's address.
func requestID(protocol string) sidecar.Selector {
	name := "request_id"
	switch {
	case callsThrift(protocol):
		name = "header:request_id"
	case protocol == config.ProtocolRedis:
		name = "told_key"
	case protocol == config.ProtocolKafka:
		name = "client"
	}
	id, _ := selectors(protocol)(name)
	return id
}

// speaker is how the endpoints of an upstream are spoken to.
type speaker struct {
	// lines are the sets of connections to each, of which choose (nil: there is
	// one) says which an exchange goes over.
	lines          []upstream.Line
	choose         func(x *sidecar.Exchange) int
	sent, received *varz.Desc // bytes
	// set takes over what a reload has changed, for the connections to come; an
	// error changes nothing. It is called at each reload, since files may have
	// changed.
	set     func(u config.Upstream) error
	sockets *dialing
	redis   *redisBackend // of ProtocolRedis
	kafka   *kafkaBackend // of ProtocolKafka
}

// changed is who is told of the upstream's endpoints, nil if nobody is.
func (s speaker) changed() func([]discovery.Known, map[string]bool) {
	switch {
	case s.redis != nil:
		return s.redis.changed
	case s.kafka != nil:
		return s.kafka.records.changed
	}
	return nil
}

// aside is who performs what goes past the endpoints' connections, nil if nothing
// does.
func (s speaker) aside() func(x *sidecar.Exchange) sidecar.Service {
	if s.kafka == nil {
		return nil
	}
	return s.kafka.records.Aside
}

// flush waits until what was taken from clients and is not at an endpoint yet is
// there, or ctx ends.
func (s speaker) flush(ctx context.Context) error {
	if s.kafka == nil {
		return nil
	}
	return s.kafka.records.Flush(ctx)
}

// close ends what has connections of its own; no exchange comes any more.
func (s speaker) close() {
	if s.kafka != nil {
		s.kafka.records.Close(context.Background())
	}
}

// newSpeaker makes that of u.
func (d *daemon) newSpeaker(u config.Upstream, fc *face) (speaker, error) {
	sockets := new(dialing)
	if err := sockets.set(u); err != nil {
		return speaker{}, err
	}
	s, err := d.speaker(u, fc, sockets.Dial)
	if err != nil {
		return speaker{}, err
	}
	for i, l := range s.lines {
		s.lines[i].Dial = func(ctx context.Context, e discovery.Endpoint) (pool.Conn, error) { return l.Dial(withName(ctx, e), e) }
	}
	s.sockets = sockets
	if s.kafka != nil {
		s.kafka.sockets = sockets
	}
	return s, nil
}

// dialFunc makes a socket, and greets in TLS where that is configured.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

func (d *daemon) speaker(u config.Upstream, fc *face, dial dialFunc) (speaker, error) {
	switch u.Protocol {
	case config.ProtocolThrift:
		return d.thriftSpeaker(u, fc, dial), nil
	case config.ProtocolThriftMux:
		return d.muxSpeaker(u, dial), nil
	case config.ProtocolKafka:
		return d.kafkaSpeaker(u, dial)
	case config.ProtocolRedis:
		return d.redisSpeaker(u, dial)
	}
	dialer := http1.Dialer{Dial: dial}
	return speaker{
		sent: varz.HTTPBytesSent, received: varz.HTTPBytesRecv, set: func(config.Upstream) error { return nil },
		lines: []upstream.Line{{Dial: func(ctx context.Context, e discovery.Endpoint) (pool.Conn, error) {
			conn, err := dialer.Connect(ctx, e.Address)
			if err != nil {
				return nil, err // a nil *http1.Conn in a pool.Conn would not be nil
			}
			return conn, nil
		}}},
	}, nil
}

func (d *daemon) thriftSpeaker(u config.Upstream, fc *face, dial dialFunc) speaker {
	var dialer atomic.Pointer[thrift.Dialer]
	set := func(u config.Upstream) error {
		dialer.Store(&thrift.Dialer{
			Dial: dial, Encoding: thriftChoice(u.Thrift).Encoding, MaxFrame: int(u.Thrift.MaxFrame),
			Buffers: d.bufs, Room: d.room, Classify: fc.classOf,
			Count: func(address string) (sent, received *varz.Counter) {
				s := varz.Source{Service: u.Name, Endpoint: address}
				return d.registry.Counter(varz.ThriftMessagesSent, s), d.registry.Counter(varz.ThriftMessagesRecv, s)
			},
		})
		return nil
	}
	_ = set(u)
	return speaker{
		sent: varz.SocketBytesSent, received: varz.SocketBytesRecv, set: set,
		lines: []upstream.Line{{Dial: func(ctx context.Context, e discovery.Endpoint) (pool.Conn, error) {
			conn, err := dialer.Load().Connect(ctx, e.Address)
			if err != nil {
				return nil, err
			}
			return conn, nil
		}}},
	}
}

func (d *daemon) muxSpeaker(u config.Upstream, dial dialFunc) speaker {
	dialer := mux.NewDialer(mux.DialParams{
		Dial: dial, Wheel: d.wheel, Buffers: d.bufs, Room: d.room, Now: sidecar.Now,
		Stats: mux.NewConnStats(d.registry, u.Name),
	}, muxDialSettings(u))
	dialer.Gauges(d.registry, u.Name)
	return speaker{
		sent: varz.SocketBytesSent, received: varz.SocketBytesRecv,
		set: func(u config.Upstream) error {
			dialer.Set(muxDialSettings(u))
			return nil
		},
		lines: []upstream.Line{{Shared: true, Dial: func(ctx context.Context, e discovery.Endpoint) (pool.Conn, error) {
			conn, err := dialer.Connect(ctx, e.Address)
			if err != nil {
				return nil, err
			}
			return conn, nil
		}}},
	}
}

// muxDialSettings are u's settings as connections over Mux take them.
func muxDialSettings(u config.Upstream) mux.DialSettings {
	return mux.DialSettings{
		PingPeriod: u.Mux.PingPeriod, PingTimeout: u.Mux.PingTimeout, MaxFrame: int(u.Mux.MaxFrame), Window: int(u.Mux.Fragment),
	}
}

// thriftChoice is what is configured of Thrift as its package knows it.
func thriftChoice(t config.Thrift) thrift.Choice {
	c, err := thrift.ParseChoice(t.Transport, t.Protocol)
	if err != nil {
		panic("daemon: config lets an encoding pass that thrift does not know: " + err.Error())
	}
	return c
}

// bridged is the service of an upstream for calls of Thrift and of ThriftMux,
// whichever of the two it speaks itself.
func (d *daemon) bridged(u *config.Upstream, fc *face, s sidecar.Service) sidecar.Service {
	p := muxthrift.LayerParams{Buffers: d.bufs, Room: d.room, Wheel: d.wheel, MaxFrame: int(max(u.Thrift.MaxFrame, u.Mux.MaxFrame)), Classes: fc.classOf}
	switch u.Protocol {
	case config.ProtocolThrift:
		return muxthrift.ToThrift(p)(s)
	case config.ProtocolThriftMux:
		return muxthrift.ToMux(p)(s)
	}
	return s
}

// muxSettings are l's settings as its Mux server takes them.
func muxSettings(l config.Listener) mux.Settings {
	return mux.Settings{
		MaxFrame: int(l.Thrift.MaxFrame), MessageTimeout: l.HeaderTimeout, IdleTimeout: l.IdleTimeout, ParkAfter: parkAfter,
		ExposeBackends: l.ExposeBackends, CancelOnFIN: l.HalfClose == config.HalfCloseCancel,
	}
}

// sniffSettings say what l's clients may speak, as far as that tells Thrift from
// ThriftMux.
func sniffSettings(l config.Listener) muxthrift.Settings {
	s := muxthrift.Settings{HeaderTimeout: l.HeaderTimeout, IdleTimeout: l.IdleTimeout, ParkAfter: parkAfter}
	switch l.Thrift.Transport {
	case config.ThriftAuto:
	case config.ThriftOverMux:
		s.Only = muxthrift.Mux
	default:
		s.Only = muxthrift.Thrift
	}
	return s
}

// thriftSettings are l's settings as its Thrift server takes them.
func thriftSettings(l config.Listener) thrift.Settings {
	if l.Thrift.Transport == config.ThriftOverMux {
		l.Thrift.Transport = config.ThriftAuto // its server sees no client
	}
	return thrift.Settings{
		Speaks: thriftChoice(l.Thrift), MaxFrame: int(l.Thrift.MaxFrame), AnyOrder: l.Thrift.ReplyOrder == config.ReplyOrderAny, HeaderTimeout: l.HeaderTimeout,
		IdleTimeout: l.IdleTimeout, ParkAfter: parkAfter, ExposeBackends: l.ExposeBackends, CancelOnFIN: l.HalfClose == config.HalfCloseCancel,
	}
}
