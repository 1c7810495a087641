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
	m.average = level + (m.average-level)*math.Exp(-float64(d)/m.window)
	if m.average < 1e-9 {
		m.average = 0 // or it would go on through ever smaller numbers, slowly
	}
}

// add changes the level by n from now on.
func (m *meter) add(n, now int64) {
	m.advance(now)
	m.level = max(0, m.level+n)
}
