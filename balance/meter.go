package balance

import "math"

// meter is the average of a level over time: a level counts for as long as it
// stood, and less the longer ago that was (by a factor e each window). Events
// without time between them do not move it, and it falls while nothing happens.
type meter struct {
	level   int64   // at present
	average float64 // up to at
	at      int64
	window  float64 // nanoseconds
}

// advance counts the present level for the time since the last call. A time
// before that, read by a goroutine that came late, changes nothing.
func (m *meter) advance(now int64) {
	d := now - m.at
	if d <= 0 {
		return
	}
	m.at = now
	level := float64(m.level)
	m.average = level + (m.average-level)*remains(float64(d)/m.window)
	if m.average < 1e-9 {
		m.average = 0 // or it would go on through ever smaller numbers, slowly
	}
}

// short is the step up to which remains uses the first terms of its series.
const short = 1.0 / 1024

// remains is e to the power of -x, for the share of a level that is left after
// x windows. At the rates at which its cost counts, x is tiny and the first
// three terms will do: they are too large by less than x^3/6, which over all
// the steps of a window adds up to less than x^2/6, 2e-7 of the level.
func remains(x float64) float64 {
	if x <= short {
		return 1 - x*(1-x/2)
	}
	return math.Exp(-x)
}

// add changes the level by n from now on.
func (m *meter) add(n, now int64) {
	m.advance(now)
	m.level = max(0, m.level+n)
}
