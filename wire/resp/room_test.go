package resp

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sidecar/sock"
)

// A command of many short arguments is not copied for each of them.
func TestABufferGrowsByAPartOfItself(t *testing.T) {
	m := means{sock.NewBuffers(), sock.NewRoom(sock.MaxRoom)}
	a := &active{turn: turn{srv: &Server{means: m}}, in: m.bufs.Large()}
	grown := 0
	for a.w < 10<<20 {
		before := len(a.in)
		if !a.fit(a.w + 10) {
			t.Fatal("no room")
		}
		if len(a.in) != before {
			grown++
		}
		a.w = min(a.w+10, len(a.in))
	}
	if grown > 40 {
		t.Errorf("copied %d times for 10 MiB", grown)
	}
	m.room.Give(m.bufs, a.in)
	if n := m.room.Used(); n != 0 {
		t.Errorf("%d bytes of room were not given back", n)
	}
}

func TestALongCommandOfShortArgumentsIsServed(t *testing.T) {
	h := newHarness(t)
	h.say = func(_ string, args []string) string { return fmt.Sprintf(":%d\r\n", len(args)) }
	c := h.client()
	c.Send("*100001\r\n$3\r\nDEL\r\n" + strings.Repeat("$4\r\nabcd\r\n", 100_000))
	c.Expect(":100001\r\n")
}

// Without room for what a client does not take, nobody tries for ever to keep it:
// the client is waited for, and given up as any other.
func TestASlowClientIsGivenUpWhereThereIsNoRoom(t *testing.T) {
	h := newHarness(t)
	h.srv.means.room = sock.NewRoom(1)
	h.set(func(s *Settings) { s.StallTimeout = 50 * time.Millisecond })
	value := strings.Repeat("v", 1<<20)
	h.say = func(string, []string) string { return string(AppendBulk(nil, value)) }
	c := h.client()
	c.TrySend(strings.Repeat(req("GET", "a"), 20))
	c.Wait(h.ended) // it reads nothing meanwhile
}
