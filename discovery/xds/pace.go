package xds

import (
	"context"
	"time"
)

const (
	// A control plane is listened to for responsesAtOnce responses as fast as
	// they come, which is more than it has for a thousand clusters, and then for
	// one each responseEvery: what it sends in a loop must not cost a processor.
	// It is held back by its own connection then.
	responsesAtOnce = 1000
	responseEvery   = 50 * time.Millisecond
	// minBreath is the least time between two sets that a source tells, and
	// breaths how many times as long it rests as telling took: each is compared
	// and laid out for the picker, which may take long for many endpoints.
	minBreath = 20 * time.Millisecond
	breaths   = 4
)

// pace keeps responses apart. It is pure.
type pace struct {
	rested time.Time // when as many as responsesAtOnce may come again
}

// next is how long to wait behind a response that came now.
func (p *pace) next(now time.Time) time.Duration {
	if p.rested.Before(now) {
		p.rested = now
	}
	p.rested = p.rested.Add(responseEvery)
	return max(0, p.rested.Sub(now)-responsesAtOnce*responseEvery)
}

// rest waits, and tells whether ctx goes on.
func rest(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
