package daemon

import (
	"time"

	"sidecar/upstream"
	"sidecar/upstream/pool"
)

// row is an endpoint as /upstreams tells it: times in milliseconds, as in /why.
type row struct {
	upstream.Row
	Age     float64 `json:"age_ms"`
	Stale   float64 `json:"stale_for_ms,omitempty"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
	Cost    float64 `json:"cost_ms,omitempty"`
	Pool    poolRow `json:"pool"`
	Breaker gateRow `json:"breaker"`
}

type poolRow struct {
	pool.Stats
	ServerIdle float64 `json:"server_idle_ms,omitempty"` // see pool.Stats
	WarmIn     float64 `json:"warm_in_ms,omitempty"`
}

type gateRow struct {
	upstream.Gate
	Since float64 `json:"since_ms"`
	Until float64 `json:"until_ms,omitempty"`
}

func rows(list []upstream.Row) []row {
	all := make([]row, len(list))
	for i, r := range list {
		all[i] = row{
			Row: r, Age: ms(r.Age), Stale: ms(r.StaleFor), P50: ms(r.P50), P99: ms(r.P99), Cost: ms(r.Cost),
			Pool:    poolRow{r.Pool, ms(time.Duration(r.Pool.ServerIdle)), ms(time.Duration(r.Pool.WarmIn))},
			Breaker: gateRow{r.Breaker, ms(r.Breaker.Since), ms(r.Breaker.Until)},
		}
	}
	return all
}

// ms is d in milliseconds, to the microsecond.
func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
