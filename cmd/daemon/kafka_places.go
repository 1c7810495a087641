package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"sidecar/config"
	discovered "sidecar/discovery/kafka"
	"sidecar/listener"
	"sidecar/sock"
	"sidecar/why"
	"sidecar/wire/kafka"
)

// kafkaPlaces is where clients of one listener find the brokers of its cluster.
type kafkaPlaces struct {
	kafka.Places
	mode    string       // config.KafkaLoopback, KafkaPorts or KafkaProducer
	ports   *kafka.Ports // of config.KafkaPorts
	nodeAt  func(c *sock.Conn) (node int32, ok bool)
	bound   net.Listener
	cluster *kafkaBackend
	ring    *why.Ring // of that
}

// bindKafka binds what l's clients connect to.
func (d *daemon) bindKafka(l config.Listener) (*kafkaPlaces, error) {
	r := d.ups.get(l.Upstream)
	if r == nil || r.speaker.kafka == nil {
		return nil, fmt.Errorf("%s.upstream: no upstream of Kafka is named %q", l.Key, l.Upstream)
	}
	p := &kafkaPlaces{cluster: r.speaker.kafka, ring: r.ring}
	if l.Kafka.Mode == config.KafkaProducer {
		return p, located(d.started, l.Key+".address", p.atOne(l))
	}
	if l.Kafka.Advertise != config.KafkaPorts {
		err := p.atLoopback(l, d.log)
		if err == nil || l.Kafka.Advertise == config.KafkaLoopback || !errors.Is(err, listener.ErrNoLoopback) {
			return p, located(d.started, l.Key+".address", err)
		}
		d.log.Warn("brokers have a port each, not an address each", "listener", l.Name, "error", err)
	}
	return p, located(d.started, l.Key+".address", p.atPorts(d, l))
}

// atLoopback gives each broker an address of its own.
func (p *kafkaPlaces) atLoopback(l config.Listener, log *slog.Logger) error {
	network, err := kafka.ParseNetwork(l.Kafka.Network)
	if err != nil {
		return err
	}
	ln, err := listener.BindLoopback(context.Background(), l.Address)
	if err != nil {
		return err
	}
	at, _ := netip.ParseAddrPort(ln.Addr().String())
	places, err := kafka.NewLoopback(kafka.LoopbackParams{At: at, Network: network, Learn: p.cluster.learn, NoPlace: func(node int32) {
		log.Warn("clients cannot find a broker: its id is over 65535, and has no address: set advertise = \"ports\" in [listener.kafka]", "listener", l.Name, "node", node)
	}})
	if err != nil {
		ln.Close()
		return err
	}
	p.Places, p.nodeAt, p.bound, p.mode = places, places.NodeAt, ln, config.KafkaLoopback
	return nil
}

// atPorts gives each broker a port of its own.
func (p *kafkaPlaces) atPorts(d *daemon, l config.Listener) error {
	first, err := listener.Bind(context.Background(), l.Address)
	if err != nil {
		return err
	}
	at, err := netip.ParseAddrPort(first.Addr().String())
	if err != nil {
		first.Close()
		return fmt.Errorf("%s is no IP address and port: %w", first.Addr(), err)
	}
	host := l.Kafka.Host
	if host == "" {
		host = at.Addr().String()
	}
	several := listener.NewSeveral(first)
	p.ports = kafka.NewPorts(kafka.PortsParams{
		Bootstrap: int(at.Port()), First: l.Kafka.Ports.First, Last: l.Kafka.Ports.Last, Avoid: portsOf(d.started),
		Host: host, Offset: l.Kafka.PortOffset, Learn: p.cluster.learn, Path: portsFile(d.started, l.Name), Log: d.log.With("listener", l.Name),
		Bind: func(port int) error {
			return several.Add(context.Background(), netip.AddrPortFrom(at.Addr(), uint16(port)).String()) // #nosec G115 -- of a range of ports
		},
	})
	p.Places, p.nodeAt, p.bound, p.mode = p.ports, p.ports.NodeAt, several, config.KafkaPorts
	return nil
}

// portsOf are the ports that f itself gives to somebody.
func portsOf(f *config.File) (list []int) {
	addresses := []string{f.Admin.Address, f.Admin.ProbeAddress}
	for _, l := range f.Listeners {
		addresses = append(addresses, l.Address)
	}
	for _, a := range addresses {
		_, port, _ := net.SplitHostPort(a)
		if n, err := strconv.Atoi(port); err == nil && n != 0 {
			list = append(list, n)
		}
	}
	return list
}

// mostTold is how many nodes a line of the log tells.
const mostTold = 50

// moved takes up where the nodes are, and tells where clients find them.
func (p *kafkaPlaces) moved(log *slog.Logger, listener string, n *discovered.Nodes) {
	if p.ports != nil {
		ids := make([]int32, 0, len(n.All()))
		for _, node := range n.All() {
			ids = append(ids, node.ID)
		}
		p.ports.Tell(ids)
	}
	var list []string
	for i, node := range n.All() {
		if i == mostTold {
			list = append(list, fmt.Sprintf("and %d more", len(n.All())-i))
			break
		}
		list = append(list, fmt.Sprintf("%d at %s is %s", node.ID, p.told(node.ID), node.Address))
	}
	log.Info("brokers", "listener", listener, "nodes", strings.Join(list, "; "))
}

// told is where clients are told that a node is.
func (p *kafkaPlaces) told(node int32) string {
	if host, port, ok := p.Place(node); ok {
		return net.JoinHostPort(host, strconv.Itoa(int(port)))
	}
	return "nowhere"
}

// startKafka runs what keeps the ports of nodes.
func (d *daemon) startKafka(ctx context.Context, work *sync.WaitGroup) {
	for _, f := range d.fronts {
		if f.places != nil && f.places.ports != nil {
			work.Go(func() { f.places.ports.Run(ctx) })
		}
	}
}
