package http

import (
	nethttp "net/http"
	"sync"
	"testing"
	"time"

	"sidecar"
)

func TestDateIsTheSecondOfItsTime(t *testing.T) {
	d := Dates{wall: sidecar.Wall}
	now := sidecar.Now()
	for _, step := range []time.Duration{0, time.Second, 90 * time.Minute, 400 * 24 * time.Hour} {
		now += int64(step)
		want := sidecar.Wall(now).UTC().Truncate(time.Second)
		got, err := nethttp.ParseTime(string(d.Text(now)))
		if err != nil || !got.Equal(want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
}

func TestDateChangesWithTheSecondOnly(t *testing.T) {
	d := Dates{wall: sidecar.Wall}
	now := sidecar.Now()
	turn := now - int64(sidecar.Wall(now).Nanosecond()) + int64(time.Second)
	last := d.Text(turn - 1)
	first := d.Text(turn)
	if string(first) == string(last) {
		t.Errorf("%s goes on for more than a second", last)
	}
	for _, at := range []int64{turn + 1, turn + int64(time.Second) - 1, turn - 1} { // the last is late by a little
		if got := d.Text(at); &got[0] != &first[0] {
			t.Errorf("%d ns from the turn: %s was made anew", at-turn, got)
		}
	}
	if cap(first) != len(first) {
		t.Error("who appends to it would write to what all share")
	}
}

func TestDatesAreSharedByAllReplies(t *testing.T) {
	d := Dates{wall: sidecar.Wall}
	var work sync.WaitGroup
	start := sidecar.Now()
	for i := range 8 {
		work.Go(func() {
			for n := range 1000 {
				now := start + int64(n)*int64(100*time.Millisecond) + int64(i)
				got, err := nethttp.ParseTime(string(d.Text(now)))
				if wall := sidecar.Wall(now).UTC().Truncate(time.Second); err != nil || got.Before(wall) {
					t.Errorf("got %v, %v at %v", got, err, wall)
					return
				}
			}
		})
	}
	work.Wait()
}
