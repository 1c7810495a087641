package mux

import "sidecar/varz"

// ConnStats are what the connections to the backends of one upstream count.
type ConnStats struct {
	sent, received *varz.Counter
	discards       *varz.Counter
	nacks          *varz.Counter
	drains, leases *varz.Counter
	silent         *varz.Counter
	pings          *varz.Histogram
}

// NewConnStats makes them; without a registry they count for nobody.
func NewConnStats(r *varz.Registry, upstream string) *ConnStats {
	s := varz.Source{Service: upstream}
	return &ConnStats{
		sent: r.Counter(varz.MuxMessagesSent, s), received: r.Counter(varz.MuxMessagesRecv, s),
		discards: r.Counter(varz.MuxDiscards, s), nacks: r.Counter(varz.MuxNacks, s),
		drains: r.Counter(varz.MuxDrains, s), leases: r.Counter(varz.MuxLeases, s),
		silent: r.Counter(varz.MuxPingsUnanswered, s), pings: r.Histogram(varz.MuxPingLatency, s),
	}
}

// Gauges are read from the dialler when somebody looks.
func (d *Dialer) Gauges(r *varz.Registry, upstream string) {
	s := varz.Source{Service: upstream}
	r.GaugeFunc(varz.MuxMaxTag, s, func() float64 { return float64(d.Usage().Highest) })
	r.GaugeFunc(varz.MuxTags, s, func() float64 { return float64(d.Usage().Tags) })
	r.GaugeFunc(varz.MuxAbandoned, s, func() float64 { return float64(d.Usage().Abandoned) })
	r.GaugeFunc(varz.MuxLeasesOver, s, func() float64 { return float64(d.Usage().Expired) })
}

func (s *ConnStats) count(r *Reply) {
	if r.Status == Nack {
		s.nacks.Inc()
	}
}
