package daemon

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sidecar/discovery"
	"sidecar/sock"
	"sidecar/upstream"
	"sidecar/upstream/pool"
)

// stuck is a timer's owner that does not return: what the wheel must not have.
type stuck chan struct{}

func (s stuck) Expire(uint8, uint64) { <-s }

func TestLiveTellsOfAWheelThatStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		now := func() int64 { return int64(time.Since(began)) }
		wheel := sock.NewWheel(now)
		d := &daemon{pulse: newPulse(wheel, now), ups: newUpstreams(nil)}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { d.pulse.run(ctx) })
		time.Sleep(time.Hour)
		if err := d.live(); err != nil {
			t.Errorf("a wheel that turns: %v", err)
		}
		hold := make(stuck)
		var timer, other sock.Timer
		timer.Init(wheel, hold, 0)
		other.Init(wheel, hold, 0)
		other.Arm(now()+int64(time.Hour), 0) // the wheel goes on for it
		timer.Arm(now()+1, 0)
		time.Sleep(pulseLimit - time.Second)
		if err := d.live(); err != nil {
			t.Errorf("before the limit: %v", err)
		}
		time.Sleep(3 * time.Second)
		if err := d.live(); err == nil || !strings.Contains(err.Error(), "the deadline wheel has stood still for") {
			t.Errorf("a wheel that stands still: %v", err)
		}
		close(hold)
		time.Sleep(2 * pulseEvery)
		if err := d.live(); err != nil {
			t.Errorf("a wheel that turns again: %v", err)
		}
		other.Arm(0, 0)
		cancel()
		running.Wait()
		wheel.Wait()
	})
}

func TestLiveTellsOfAnUpstreamWithoutUpkeep(t *testing.T) {
	now := int64(time.Hour)
	clock := func() int64 { return now }
	c, err := upstream.New(upstream.Params{
		Name: "users", Sources: []discovery.Source{discovery.Static("tcp://", nil)}, Now: clock,
		Lines: []upstream.Line{{Dial: func(context.Context, discovery.Endpoint) (pool.Conn, error) { return nil, context.Canceled }}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	d := &daemon{pulse: newPulse(sock.NewWheel(clock), clock), ups: newUpstreams(nil)}
	d.ups.all["users"] = &running{name: "users", cluster: c}
	if err := d.live(); err != nil {
		t.Errorf("a new upstream: %v", err)
	}
	now += int64(pulseLimit) + 1
	d.pulse.beat.Store(now)
	if err := d.live(); err == nil || !strings.Contains(err.Error(), "upkeep of upstream users") {
		t.Errorf("an upstream that nobody keeps: %v", err)
	}
}
