package main

// measure is one figure of a round that ratios are taken of.
type measure int

const (
	cpuTime measure = iota // of the proxy, a request
	throughput
	latency99
	latency999
)

// named is the name of the measure where that unit is counted.
func (m measure) named(u unit) string {
	return [...]string{"CPU time a " + u.one(), u.many() + "/s", "p99", "p99.9"}[m]
}

// unit is what a load counts, "" requests.
type unit string

func (u unit) one() string {
	if u == "" {
		return "request"
	}
	return string(u)
}

func (u unit) many() string {
	if u == "" {
		return "requests"
	}
	return string(u)
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
