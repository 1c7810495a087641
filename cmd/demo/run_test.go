package main

import (
	"bytes"
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// bound ends a demonstration that shows nothing; a good one is over sooner.
const bound = 60 * time.Second

const shipped = "../../config.toml"

// story is what the tables told.
type story struct {
	died, out, back bool
	last            scene
}

func (s *story) see(c scene) {
	s.last = c
	up := c.flapper.Breaker.State == "healthy"
	s.died = s.died || c.dead
	s.out = s.out || s.died && !up
	s.back = s.back || s.out && up && !c.dead
}

func TestClientsSeeNoErrorWhileABackendDiesAndComesBack(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	var out bytes.Buffer
	var s story
	err := run(ctx, params{
		Path: shipped, Out: &out, Every: 100 * time.Millisecond,
		Cycle: cycle{first: 0, up: time.Hour, down: time.Second},
		Seen: func(c scene) {
			if s.see(c); s.back {
				cancel()
			}
		},
	})
	text := out.String()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if !s.died || !s.out || !s.back {
		t.Errorf("the backend died: %v, was taken out: %v, was taken back: %v", s.died, s.out, s.back)
	}
	// At most one in some hundred deaths meets a POST in the very moment that
	// the backend has it. That one is told, as the sidecar must.
	if s.last.errors > s.last.cut || s.last.cut > 1 || s.last.requests == 0 {
		t.Errorf("%d requests, %d client errors, the last: %s", s.last.requests, s.last.errors, s.last.last)
	}
	if s.last.opened != clients {
		t.Errorf("%d clients opened %d connections: some were not kept", clients, s.last.opened)
	}
	if !strings.Contains(text, s.last.wrong()+".") || !strings.Contains(text, "drained and ended cleanly") {
		t.Errorf("no clean end is told:\n%s", text)
	}
	for _, want := range []string{`curl http://127\.0\.0\.1:\d+/ `, ` http://127\.0\.0\.1:\d+/ +its admin page`, `curl http://127\.0\.0\.1:\d+/upstreams`, `curl http://127\.0\.0\.1:\d+/why`, `backend 3 is down \(flapping\)`} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("the output has no %q", want)
		}
	}
	if t.Failed() {
		t.Log(text[max(0, len(text)-4000):])
	}
}

func TestDrainByTheAdminPortEndsTheDemonstration(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	var out bytes.Buffer
	asked := false
	err := run(ctx, params{
		Path: shipped, Out: &out, Every: 100 * time.Millisecond, Cycle: cycle{first: time.Hour},
		Seen: func(scene) {
			if asked {
				return
			}
			asked = true
			address := regexp.MustCompile(`http://\S+/upstreams`).FindString(out.String())
			res, err := http.Post(strings.TrimSuffix(address, "upstreams")+"drain", "", nil)
			if err != nil {
				t.Error(err)
				return
			}
			res.Body.Close()
			http.DefaultClient.CloseIdleConnections()
		},
	})
	if err != nil || ctx.Err() != nil || !strings.Contains(out.String(), "drained by another") {
		t.Errorf("got %v, context %v\n%s", err, ctx.Err(), out.String())
	}
}

func TestAConfigurationThatIsMissingIsAnError(t *testing.T) {
	err := run(t.Context(), params{Path: "none.toml", Out: new(bytes.Buffer), Every: time.Second})
	if err == nil || !strings.Contains(err.Error(), "root of the repository") {
		t.Errorf("got %v", err)
	}
}
