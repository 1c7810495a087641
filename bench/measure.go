package main

// measure is one figure of a round that ratios are taken of.
type measure int

const (
	cpuTime measure = iota // of the proxy, a request
	throughput
	latency99
	latency999
)

func (m measure) String() string {
	return [...]string{"CPU time a request", "requests/s", "p99", "p99.9"}[m]
}

// moreIsBetter: its goals are least ratios.
func (m measure) moreIsBetter() bool { return m == throughput }

func (m measure) of(s sample) float64 {
	switch m {
	case throughput:
		return s.rps
	case latency99:
		return s.p99.Seconds()
	case latency999:
		return s.p999.Seconds()
	case cpuTime:
	}
	return s.perRequest()
}
