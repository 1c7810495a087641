package main

import (
	"encoding/csv"
	"fmt"
	"strings"
)

// csvText is every round of every target, so that whoever doubts a ratio can
// take it again.
func csvText(rounds []roundLine) (string, error) {
	var b strings.Builder
	w := csv.NewWriter(&b)
	lines := [][]string{{
		"suite", "workload", "target", "round", "requests", "requests_per_second", "proxy_cpu_us_per_request",
		"p50_us", "p99_us", "p999_us", "proxy_cpu_ms", "client_and_backend_cpu_ms", "wall_ms", "backend_connections",
	}}
	for _, r := range rounds {
		perRequest := ""
		if r.proxy {
			perRequest = fmt.Sprintf("%.2f", r.perRequest())
		}
		lines = append(lines, []string{
			r.suite, r.workload, r.target, fmt.Sprint(r.round), fmt.Sprint(r.requests), fmt.Sprintf("%.0f", r.rps), perRequest,
			fmt.Sprint(r.p50.Microseconds()), fmt.Sprint(r.p99.Microseconds()), fmt.Sprint(r.p999.Microseconds()),
			fmt.Sprint(r.sample.proxy.Milliseconds()), fmt.Sprint(r.clientSide.Milliseconds()), fmt.Sprint(r.wall.Milliseconds()), fmt.Sprint(r.conns),
		})
	}
	err := w.WriteAll(lines)
	return b.String(), err
}
