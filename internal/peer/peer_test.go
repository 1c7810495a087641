package peer

import (
	"slices"
	"testing"

	"sidecar/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m, leak.Params{}) }

func TestScriptsMeetInBytes(t *testing.T) {
	told := make(chan struct{})
	l := Listen(t, func(c *Conn) {
		c.Expect("hello ")
		if got := c.Until("\n"); got != "world\n" {
			t.Errorf("got %q", got)
		}
		c.Wait(told)
		c.Send("a", "b")
		c.HalfClose()
		c.Expect("bye")
		c.End()
	})
	c := Dial(t, l.Addr())
	c.Send(Split("hello world\n", 5)...)
	close(told)
	c.Expect("ab")
	c.End()
	c.Send("bye")
	c.Close()
	if l.Conns() != 1 {
		t.Errorf("%d connections", l.Conns())
	}
}

func TestCutIsSeenAsReset(t *testing.T) {
	l := Listen(t, func(c *Conn) {
		c.Expect("x")
		c.Cut()
	})
	c := Dial(t, l.Addr())
	c.Send("x")
	if got, reset := c.Rest(); got != "" || !reset {
		t.Errorf("got %q, reset %v", got, reset)
	}
}

func TestSplitKeepsEveryByte(t *testing.T) {
	if got := Split("abcde", 2); !slices.Equal(got, []string{"ab", "cd", "e"}) {
		t.Errorf("got %q", got)
	}
}
