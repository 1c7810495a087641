package main

import (
	"slices"
	"testing"
	"time"
)

func TestOrderIsReversedEverySecondRound(t *testing.T) {
	for round, want := range [][]int{{0, 1, 2}, {2, 1, 0}, {0, 1, 2}} {
		if got := order(3, round); !slices.Equal(got, want) {
			t.Errorf("round %d: got %v, want %v", round, got, want)
		}
	}
}

func TestIdleShareLeavesRoundsOut(t *testing.T) {
	rounds := []sample{{wall: time.Second, proxy: 900 * time.Millisecond}, {wall: time.Second, proxy: 800 * time.Millisecond}}
	for _, c := range []struct {
		name      string
		wall, cpu time.Duration
		want      float64
	}{
		{"some", 6 * time.Second, 1900 * time.Millisecond, 0.05},
		{"none", 6 * time.Second, 1700 * time.Millisecond, 0},
		{"no time left", 2 * time.Second, 1700 * time.Millisecond, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := idleShare(c.wall, c.cpu, rounds); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestCPUPerRequestIsMicroseconds(t *testing.T) {
	tg := target{samples: []sample{{load: load{requests: 50000}, proxy: 800 * time.Millisecond}}}
	if got := tg.series(sample.perRequest); !slices.Equal(got, []float64{16}) {
		t.Errorf("got %v, want 16", got)
	}
}
