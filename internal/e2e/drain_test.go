package e2e

import (
	"strconv"
	"syscall"
	"testing"
	"time"
)

// A drain loses nothing: each request that was sent gets its reply, and
// connections end between requests, which the reply before says.
func TestTerminationUnderLoadLosesNothing(t *testing.T) {
	b := newBackend(t)
	p := start(t, built(t), conf{process: `grace = "10s"`, discover: b.address()})
	const clients = 64
	l := (&load{
		t: t, d: drivers()[0], address: p.port, clients: clients,
		path: func(n int) string {
			if n%8 == 0 {
				return "/slow"
			}
			return "/"
		},
		leave: func(r result) bool { return r.last || r.err != nil },
	}).begin()
	l.more(2000)
	p.signal(syscall.SIGTERM)
	took := p.wait()
	got := l.end()
	t.Logf("SIGTERM under %d connections: %d requests, errors: %s; %d replies with Connection: close; ended after %v",
		clients, got.sent, got.errors(), got.last, took.Round(time.Millisecond))
	got.clean(t)
	if got.last != clients {
		t.Errorf("%d connections ended with a reply that said so, want %d", got.last, clients)
	}
	if begun := b.begun.Load(); int(begun) != got.good {
		t.Errorf("the backend had %d requests, clients %d replies", begun, got.good)
	}
	if took > 8*time.Second {
		t.Errorf("ended after %v, though no request took longer than %v", took, slowTime)
	}
}

func TestTerminationOfAnIdleProcessIsQuick(t *testing.T) {
	b := newBackend(t)
	p := start(t, built(t), conf{discover: b.address()})
	parked := &httpClient{address: p.port}
	parked.do(query{id: "a"})
	defer parked.close()
	await(t, "the connection is parked", func() bool { return p.admin.sum("sidecar.listener.parked", "") == 1 })
	fresh := &httpClient{address: p.port}
	fresh.do(query{id: "b"})
	defer fresh.close()
	began := time.Now()
	p.signal(syscall.SIGTERM)
	for name, c := range map[string]*httpClient{"parked": parked, "fresh": fresh} {
		c.conn.SetReadDeadline(time.Now().Add(patience))
		if _, err := c.in.ReadByte(); err == nil || err.Error() != "EOF" {
			t.Errorf("%s connection: %v, want a clean end", name, err)
		}
	}
	p.wait()
	took := time.Since(began)
	t.Logf("SIGTERM with idle connections only: ended after %v", took.Round(time.Millisecond))
	if took > 5*time.Second {
		t.Errorf("ended after %v", took)
	}
}

// hung starts a sidecar with clients whose requests hang at their backend.
func hung(t *testing.T, grace string) (p *proc, b *backend, replies chan result) {
	b = newBackend(t)
	p = start(t, "", conf{process: "grace = " + strconv.Quote(grace), discover: b.address()})
	replies = make(chan result, 4)
	for i := range cap(replies) {
		go func() {
			c := &httpClient{address: p.port}
			replies <- c.do(query{id: strconv.Itoa(i), path: "/hang"})
			c.close()
		}()
	}
	await(t, "requests at the backend", func() bool { return int(b.begun.Load()) == cap(replies) })
	return p, b, replies
}

func shuttingDown(t *testing.T, replies chan result) {
	t.Helper()
	for range cap(replies) {
		if r := <-replies; r.status != 503 || r.reason != "shutting_down" || !r.last {
			t.Errorf("got %+v, want 503 shutting_down and the end", r)
		}
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	p, _, replies := hung(t, "20s")
	p.expect = 1
	p.signal(syscall.SIGTERM)
	await(t, "drain", func() bool { return p.log.has("draining") })
	if code := p.admin.status("/ready"); code != 503 {
		t.Errorf("/ready while draining: %d", code)
	}
	p.signal(syscall.SIGTERM)
	took := p.wait()
	t.Logf("second signal: ended after %v", took.Round(time.Millisecond))
	if took > 3*time.Second {
		t.Errorf("ended after %v", took)
	}
	shuttingDown(t, replies)
}

func TestEndOfGraceTellsThoseThatWait(t *testing.T) {
	p, _, replies := hung(t, "1s")
	p.signal(syscall.SIGTERM)
	took := p.wait()
	t.Logf("grace of 1s: ended after %v", took.Round(time.Millisecond))
	if took < 900*time.Millisecond || took > 4*time.Second {
		t.Errorf("ended after %v", took)
	}
	shuttingDown(t, replies)
	if !p.log.has("grace is over") {
		t.Error("the log does not tell that connections were cut")
	}
}
