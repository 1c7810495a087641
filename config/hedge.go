package config

import (
	"strconv"
)

// The least and the most percentile of a hedge: below, every tenth request
// would be late; above, hardly any, and none could be measured.
const (
	leastPercentile = 90
	mostPercentile  = 99.9
)

func hedge(t *table) Hedge {
	defer t.done()
	h := Hedge{
		Mode:       t.choose("mode", ModeOff, modes()),
		Percentile: t.number("percentile", 98, mostPercentile),
		MinDelay:   t.floor("min_delay", "1ms"),
		MaxExtra:   t.number("max_extra", 0.02, 1),
	}
	t.cross(h.Percentile >= leastPercentile, "percentile", "percentile",
		"expected a number from %d to %v, got %v", leastPercentile, mostPercentile, h.Percentile)
	t.cross(h.MaxExtra > 0, "max_extra", "max_extra", `expected more than 0: for no hedges set mode = "off"`)
	return h
}

// operationHedge asks whether the operation may be sent twice. One that may not
// be executed twice never is, so asking for it is a mistake.
func operationHedge(t *table, op Operation) bool {
	f := t.field("hedge")
	may := op.Idempotent == nil || *op.Idempotent
	v := may
	if f.set {
		v = f.flag()
	}
	f.settle(strconv.FormatBool(v), byDefault)
	if v && !may {
		f.fail("only an idempotent operation is sent a second time: remove hedge, or set idempotent = true if it can be executed twice without harm")
	}
	return v
}
