package e2e

import (
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"sidecar/internal/peer"
)

const (
	upgrade  = "GET /chat HTTP/1.1\r\nHost: e2e\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
	switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
)

// echo accepts an upgrade and sends back what comes, a line at a time, until
// the other side has ended; then it says so and ends too.
func echo(c *peer.Conn) {
	if _, ok := c.TryUntil("\r\n\r\n"); !ok {
		return
	}
	c.Send(switched)
	for {
		line, ok := c.TryUntil("\n")
		if !ok {
			c.TrySend("bye\n")
			return
		}
		if !c.TrySend("echo " + line) {
			return
		}
	}
}

// tunnel opens one through the sidecar.
func tunnel(t *testing.T, p *proc) *peer.Conn {
	t.Helper()
	c := peer.Dial(t, p.port)
	c.Send(upgrade)
	if head := c.Until("\r\n\r\n"); !strings.HasPrefix(head, "HTTP/1.1 101 ") || !strings.Contains(head, "Upgrade: echo") {
		t.Fatalf("got %q, want 101", head)
	}
	return c
}

func TestTunnelCarriesBothWaysAndHalfCloses(t *testing.T) {
	b := peer.Listen(t, echo)
	p := start(t, "", conf{discover: b.Addr()})
	c := tunnel(t, p)
	for range 100 {
		c.Send("hello\n")
		c.Expect("echo hello\n")
	}
	large := strings.Repeat("x", 1<<20) + "\n"
	go c.TrySend(large)
	c.Expect("echo " + large)
	c.HalfClose()
	c.Expect("bye\n")
	c.End()
	await(t, "the session is over", func() bool { return p.admin.sum("sidecar.listener.in_flight", "") == 0 })
	if list := p.admin.why(""); len(list) != 0 {
		t.Errorf("/why tells of a session that ended well: %+v", list)
	}
}

func TestTunnelThroughNginx(t *testing.T) {
	b := peer.Listen(t, echo)
	n := nginx(t, "server { listen SECOND; location / { proxy_pass http://"+b.Addr()+
		"; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection Upgrade; } }")
	p := start(t, "", conf{discover: n.second})
	c := tunnel(t, p)
	c.Send("hello\n")
	c.Expect("echo hello\n")
	c.Close()
	await(t, "the session is over", func() bool { return p.admin.sum("sidecar.listener.in_flight", "") == 0 })
}

func TestIdleTunnelEnds(t *testing.T) {
	gone := make(chan struct{})
	b := peer.Listen(t, func(c *peer.Conn) { echo(c); close(gone) })
	p := start(t, "", conf{discover: b.Addr(), listener: `idle_timeout = "500ms"`})
	c := tunnel(t, p)
	for range 4 { // longer than the limit, with traffic
		time.Sleep(200 * time.Millisecond)
		c.Send("hello\n")
		c.Expect("echo hello\n")
	}
	began := time.Now()
	c.Gone()
	c.Wait(gone)
	t.Logf("idle_timeout 500ms: both sides of the tunnel were closed after %v", time.Since(began).Round(time.Millisecond))
}

func TestTunnelOutlivesTheDrainUntilTheGraceIsOver(t *testing.T) {
	b := peer.Listen(t, echo)
	p := start(t, "", conf{process: `grace = "1500ms"`, discover: b.Addr()})
	c := tunnel(t, p)
	began := time.Now()
	p.signal(syscall.SIGTERM)
	await(t, "drain", func() bool { return p.log.has("draining") })
	await(t, "no more connections", func() bool {
		conn, err := net.Dial("tcp", p.port)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	for time.Since(began) < time.Second {
		c.Send("hello\n")
		c.Expect("echo hello\n")
		time.Sleep(50 * time.Millisecond)
	}
	c.Gone()
	p.wait()
	t.Logf("grace of 1.5s: the tunnel and the process ended after %v", time.Since(began).Round(time.Millisecond))
	if took := time.Since(began); took < 1400*time.Millisecond || took > 5*time.Second {
		t.Errorf("ended after %v", took)
	}
}
