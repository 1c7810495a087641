package daemon

import (
	"sidecar/sock"
	"sidecar/upstream"
)

// alarm is a time of the wheel that calls a function.
type alarm struct {
	sock.Timer
	fire func(mark uint64)
}

// Expire is called by the wheel.
func (a *alarm) Expire(_ uint8, mark uint64) { a.fire(mark) }

// timer makes an alarm of the process's wheel, as upstreams take them.
func (d *daemon) timer(fire func(mark uint64)) (arm func(at int64, mark uint64)) {
	a := &alarm{fire: fire}
	a.Init(d.wheel, a, 0)
	return a.Arm
}

// hedgeRow is what hedging does as /upstreams tells it.
type hedgeRow struct {
	Mode string `json:"mode"`
	upstream.HedgeRow
	After map[string]float64 `json:"after_ms"`
}

// hedging is nil where it is off.
func hedging(r *running) *hedgeRow {
	h := r.cluster.Hedging()
	if h == nil {
		return nil
	}
	row := &hedgeRow{r.cfg.Load().Hedge.Mode, *h, map[string]float64{}}
	for name, after := range h.After {
		row.After[name] = ms(after)
	}
	return row
}
