package kafka

import "time"

const (
	// minLook is the least time from one look to the next that is asked for, by
	// unknown nodes and failing connections: a cluster in trouble causes many, and
	// each look is a connection with its login.
	minLook = time.Second
	// maxAgain bounds the wait after a look that failed and for which nobody asks.
	maxAgain = 30 * time.Second
	// spread is the part by which the wait between looks is shorter or longer, so
	// that sidecars do not come together.
	spread = 0.2
)

// pace says when to look. It is pure: values and the time in, times out.
type pace struct {
	began time.Time // the last look; zero before the first
	fails int       // in a row
	draw  float64   // in [0, 1), of the present wait
}

// due is when the next look begins; asked says that somebody wants one.
func (p *pace) due(asked bool, refresh time.Duration) time.Time {
	switch {
	case p.began.IsZero():
		return p.began
	case asked:
		return p.began.Add(minLook)
	case p.fails > 0:
		return p.began.Add(min(minLook<<min(p.fails, 16), maxAgain, max(refresh, minLook)))
	}
	return p.began.Add(time.Duration(float64(refresh) * (1 - spread + 2*spread*p.draw)))
}
