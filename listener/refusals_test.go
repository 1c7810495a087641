package listener

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"sidecar"
	"sidecar/varz"
)

func TestRefusalsAreToldAtOnceAndThenTogether(t *testing.T) {
	var r refusals
	at := int64(time.Hour)
	for _, step := range []struct {
		after time.Duration
		want  int
	}{
		{0, 1}, {0, 0}, {time.Second, 0}, {tellEvery - time.Second, 3}, {tellEvery - 1, 0}, {1, 2}, {time.Hour, 1},
	} {
		at += int64(step.after)
		if got := r.add(at); got != step.want {
			t.Errorf("at %v: told %d, want %d", time.Duration(at), got, step.want)
		}
	}
}

// page is a log that may be read while it is written.
type page struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func TestConnectionsBeyondTheLimitAreToldInLogAndMetrics(t *testing.T) {
	log, registry := &page{}, &varz.Registry{}
	r := newRigTo(t, "127.0.0.1:0", 1, registry, slog.New(slog.NewTextHandler(log, nil)))
	first := r.dial(t)
	say(t, first, "hi")
	hear(t, first, "hi")
	for range 5 {
		over := r.dial(t)
		if text, err := io.ReadAll(over); err != nil || string(text) != "max_connections" {
			t.Errorf("heard %q, %v", text, err)
		}
	}
	if n := registry.Counter(varz.ListenerRefused, varz.Source{Listener: "test", Reason: "max_connections"}).Value(); n != 5 {
		t.Errorf("%d counted, want 5", n)
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	text := log.b.String()
	if strings.Count(text, "\n") != 1 || !strings.Contains(text, "reason="+sidecar.TooManyConnections.String()) || !strings.Contains(text, "raise its max_connections") {
		t.Errorf("the log has %q", text)
	}
}

// A connection that was accepted in the moment of Stop is refused for what it
// is refused for.
func TestConnectionAfterStopIsToldThatTheListenerShutsDown(t *testing.T) {
	registry := &varz.Registry{}
	r := newRigTo(t, "127.0.0.1:0", 1, registry, slog.New(slog.DiscardHandler))
	r.Stop()
	<-r.done
	near, far := socketPair(t)
	r.add(t.Context(), near)
	if text, err := io.ReadAll(far); err != nil || string(text) != "shutting_down" {
		t.Errorf("heard %q, %v", text, err)
	}
	if n := registry.Counter(varz.ListenerRefused, varz.Source{Listener: "test", Reason: "shutting_down"}).Value(); n != 1 {
		t.Errorf("%d counted, want 1", n)
	}
}
