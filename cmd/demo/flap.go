package main

import (
	"fmt"
	"time"
)

// cycle is the life of the backend that flaps.
type cycle struct {
	first time.Duration // in use before it dies for the first time
	up    time.Duration // in use before it dies again
	down  time.Duration
}

// usual is long enough for each part to be seen. The sidecar waits longer with
// each failure before it dials again, so that later rounds take more time.
func usual() cycle {
	return cycle{first: time.Second, up: 10 * time.Second, down: 3 * time.Second}
}

// phase is where the backend stands in its cycle.
type phase uint8

const (
	waiting phase = iota // up, and not in use
	used                 // up, and in use
	dead                 // down
)

// flapper kills a backend and brings it back. It has one owner and no time of
// its own.
type flapper struct {
	backend *backend
	cycle   cycle
	phase   phase
	since   time.Time // of the phase
	deaths  int
	missed  error // why it could not come back when it should have
}

// step does what is due. inUse tells whether the sidecar gives the backend
// requests; it dies only then, or nobody could see it.
func (f *flapper) step(now time.Time, inUse bool) {
	switch {
	case f.phase == waiting && inUse:
		f.enter(used, now)
	case f.phase == used && !inUse:
		f.enter(waiting, now)
	case f.phase == used && now.Sub(f.since) >= f.life():
		f.backend.kill()
		f.deaths++
		f.enter(dead, now)
	case f.phase == dead && now.Sub(f.since) >= f.cycle.down:
		// Its port may have gone to some connection meanwhile: the next step
		// tries again.
		if f.missed = f.backend.revive(); f.missed == nil {
			f.enter(waiting, now)
		}
	}
}

func (f *flapper) enter(p phase, now time.Time) { f.phase, f.since = p, now }

// life is how long the backend is in use before it dies.
func (f *flapper) life() time.Duration {
	if f.deaths == 0 {
		return f.cycle.first
	}
	return f.cycle.up
}

// now says what is going on; why is what the sidecar says of the backend.
func (f *flapper) now(now time.Time, why string) string {
	name, whole := fmt.Sprintf("backend %d", f.backend.number), now.Sub(f.since).Round(time.Second)
	switch {
	case f.missed != nil:
		return fmt.Sprintf("%s is down (flapping) and cannot come back yet: %v", name, f.missed)
	case f.phase == dead:
		return fmt.Sprintf("%s is down (flapping) for %v: listener and connections closed", name, whole)
	case f.phase == used && f.deaths == 0:
		return fmt.Sprintf("all backends are up; %s is about to die", name)
	case f.phase == used:
		return fmt.Sprintf("%s is in use again and dies in %v", name, max(0, f.life()-now.Sub(f.since)).Round(time.Second))
	case f.deaths == 0:
		return "all backends are up; the aperture widens with the load"
	case why != "":
		return fmt.Sprintf("%s is up again for %v, and the sidecar not sure of it yet", name, whole)
	}
	return fmt.Sprintf("%s is up again, and outside the aperture", name)
}
