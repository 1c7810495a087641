package resp

import "sidecar/varz"

// ConnStats are what the connections to the servers of one upstream count.
type ConnStats struct {
	registry *varz.Registry
	upstream string
	large    *varz.Counter
	unclean  *varz.Counter
}

// traffic counts the commands to and the replies of one server.
type traffic struct{ sent, received *varz.Counter }

// NewConnStats makes them; without a registry they count for nobody.
func NewConnStats(r *varz.Registry, upstream string) *ConnStats {
	s := varz.Source{Service: upstream}
	return &ConnStats{
		registry: r, upstream: upstream,
		large: r.Counter(varz.RedisRepliesLarge, s), unclean: r.Counter(varz.RedisConnsUnclean, s),
	}
}

// to are the counters of the server at address; a connection asks once.
func (s *ConnStats) to(address string) traffic {
	src := varz.Source{Service: s.upstream, Endpoint: address}
	return traffic{s.registry.Counter(varz.RedisMessagesSent, src), s.registry.Counter(varz.RedisMessagesRecv, src)}
}

// Gauges are read from the dialler when somebody looks.
func (d *Dialer) Gauges(r *varz.Registry, upstream string) {
	s := varz.Source{Service: upstream}
	r.GaugeFunc(varz.RedisShared, s, func() float64 { return float64(d.Usage().Conns) })
	r.GaugeFunc(varz.RedisCalls, s, func() float64 { return float64(d.Usage().Calls) })
	r.GaugeFunc(varz.RedisAbandoned, s, func() float64 { return float64(d.Usage().Abandoned) })
}

// Usage is what all shared connections have under way.
type Usage struct {
	Conns     int
	Calls     int // in flight or not yet taken by their clients
	Abandoned int // of them, those whose replies nobody waits for any more
}

// Usage counts it.
func (d *Dialer) Usage() (u Usage) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.conns {
		used, abandoned := c.core.Load()
		u.Conns++
		u.Calls += used
		u.Abandoned += abandoned
	}
	return u
}

func (d *Dialer) forget(c *Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.conns, c)
}
