package daemon

import (
	"context"
	"net"
	"strconv"

	"sidecar"
	"sidecar/config"
	"sidecar/listener"
	"sidecar/sock"
	"sidecar/wire/kafka"
)

// singleServer serves producers that have one broker.
type singleServer struct {
	*kafka.Single
	d *daemon
}

func (s singleServer) NewClient(c *sock.Conn) listener.Client { return s.Single.NewClient(c) }

// newSingleServer makes the server of l for f, which is bound.
func (d *daemon) newSingleServer(f *front, l config.Listener, handler sidecar.Service) server {
	p := f.places
	return singleServer{kafka.NewSingle(kafka.SingleParams{
		Handler: handler, Places: p.Places, BrokerAt: p.cluster.brokerAt, Wheel: d.wheel, Buffers: d.bufs, Room: d.room,
		Stats: kafka.NewStats(d.registry, l.Name), Refused: (&kafkaRefusals{f: f}).refused,
		Failed: func(x *sidecar.Exchange, f *sidecar.Fault) { p.ring.Add(x, f, sidecar.Now()) },
	}, d.singleSettings(l)), d}
}

func (s singleServer) set(l config.Listener) error {
	s.Set(s.d.singleSettings(l))
	return nil
}

// singleSettings are l's settings as its server takes them.
func (d *daemon) singleSettings(l config.Listener) kafka.SingleSettings {
	s := kafka.SingleSettings{
		MaxRequest: int(l.Kafka.MaxRequest), Held: int(l.Kafka.MaxHeld), HeaderTimeout: l.HeaderTimeout, IdleTimeout: l.IdleTimeout,
		CancelOnFIN: l.HalfClose == config.HalfCloseCancel, Host: l.Kafka.Host, PortOffset: l.Kafka.PortOffset,
	}
	if r := d.ups.get(l.Upstream); r != nil {
		s.StallTimeout = r.cfg.Load().StallTimeout
	}
	return s
}

// atOne shows clients one broker, at l's own address.
func (p *kafkaPlaces) atOne(l config.Listener) error {
	ln, err := listener.Bind(context.Background(), l.Address)
	if err != nil {
		return err
	}
	host, port, _ := net.SplitHostPort(ln.Addr().String())
	n, _ := strconv.ParseInt(port, 10, 32)
	if l.Kafka.Host != "" {
		host = l.Kafka.Host
	}
	p.Places = onePlace{learn: p.cluster.learn, host: host, port: int32(n) + int32(l.Kafka.PortOffset)} // #nosec G115 -- checked with the configuration
	p.bound, p.mode = ln, config.KafkaProducer
	return nil
}

// onePlace is where clients find every broker that have one.
type onePlace struct {
	learn func(node int32, host []byte, port int32)
	host  string
	port  int32
}

// Learn and Place make it Places.
func (p onePlace) Learn(node int32, host []byte, port int32) { p.learn(node, host, port) }

// Place is the same for all nodes.
func (p onePlace) Place(int32) (host string, port int32, ok bool) { return p.host, p.port, true }
