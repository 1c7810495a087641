package xds

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"sidecar/discovery"
	"sidecar/internal/ads"
	"sidecar/varz"
)

// both runs a test in each form of the protocol.
func both(t *testing.T, test func(t *testing.T, s Settings)) {
	for _, v := range []Variant{Delta, SotW} {
		t.Run(string(v), func(t *testing.T) { test(t, Settings{NodeID: "test", Variant: v}) })
	}
}

// client is a process that asks control planes.
type client struct {
	t   *testing.T
	all *Planes

	mu       sync.Mutex
	settings Settings
	running  int
	zone     zone
}

func newClient(t *testing.T, s Settings) *client {
	c := &client{t: t, settings: s}
	c.all = NewPlanes(Params{Resolve: c.zone.resolve, Registry: new(varz.Registry), Settings: func() Settings {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.settings
	}})
	return c
}

func (c *client) set(s Settings) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settings = s
}

// recorder runs a source and keeps what it says.
type recorder struct {
	t    *testing.T
	stop func()

	mu    sync.Mutex
	last  discovery.Update
	sets  int
	known []string // all sets, as show shows them
	err   error
}

// follow runs a source of that cluster until the test ends.
func (c *client) follow(server, cluster string) *recorder {
	c.t.Helper()
	s, err := c.all.Source("xds://"+server+"/"+cluster, "web")
	if err != nil {
		c.t.Fatal(err)
	}
	r := &recorder{t: c.t}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	c.running++
	go func() {
		defer close(done)
		_ = s.Run(ctx, r.take)
	}()
	r.stop = sync.OnceFunc(func() {
		cancel()
		<-done
		if c.running--; c.running == 0 && len(c.all.States()) != 0 {
			c.t.Error("a stream is left")
		}
	})
	c.t.Cleanup(r.stop)
	return r
}

func (r *recorder) take(u discovery.Update) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err = u.Err; u.Err != nil {
		return
	}
	r.last = u
	r.sets++
	r.known = append(r.known, show(u))
}

// show is a set in words, in order.
func show(u discovery.Update) string {
	var all []string
	for _, e := range u.Endpoints {
		text := strings.TrimSuffix(e.Address, ":80")
		if e.Weight != 1 {
			text += fmt.Sprintf("*%.3g", e.Weight)
		}
		if e.Zone != "" {
			text += "@" + e.Zone
		}
		if e.Priority != 0 {
			text += fmt.Sprintf("!%d", e.Priority)
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func (r *recorder) shown() (set, trouble string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		trouble = r.err.Error()
	}
	if r.sets == 0 {
		return "nothing", trouble
	}
	return show(r.last), trouble
}

// size is how many endpoints there are, -1 before the first set.
func (r *recorder) size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sets == 0 {
		return -1
	}
	return len(r.last.Endpoints)
}

// told is how many sets were told.
func (r *recorder) told() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sets
}

// neverEmpty fails the test if an empty set was told.
func (r *recorder) neverEmpty() {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.Contains(r.known, "") {
		r.t.Error("an empty set was told")
	}
}

// wants waits until the set is that, and nothing is wrong.
func (r *recorder) wants(want string) {
	r.t.Helper()
	var set, trouble string
	defer func() {
		if r.t.Failed() {
			r.t.Logf("got %.300q, trouble %q", set, trouble)
		}
	}()
	ads.Await(r.t, fmt.Sprintf("set %.200q", want), func() bool {
		set, trouble = r.shown()
		return set == want && trouble == ""
	})
}

// fails waits until an error is told that says that.
func (r *recorder) fails(part string) {
	r.t.Helper()
	ads.Await(r.t, "error that says "+part, func() bool {
		_, trouble := r.shown()
		return strings.Contains(trouble, part)
	})
}

// empty waits until the set is empty for a reason that says that.
func (r *recorder) empty(part string) {
	r.t.Helper()
	ads.Await(r.t, "empty set that says "+part, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.sets > 0 && len(r.last.Endpoints) == 0 && strings.Contains(r.last.Empty, part)
	})
}
