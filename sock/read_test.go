package sock

import (
	"errors"
	"io"
	"net"
	"testing"
)

func TestReadTakesWhatIsThereThenTheEnd(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		send(t, far, []byte("hello"))
		expect(t, c, []byte("hello"))
		atOnce(t, c, func() {
			untilWaiting("Read")
			send(t, far, []byte("again"))
			halfClose(t, far)
		})
		expect(t, c, []byte("again"))
		for range 2 { // the end stays
			if n, err := c.Read(make([]byte, 8)); n != 0 || !errors.Is(err, io.EOF) || !IsEnd(err) || IsReset(err) {
				t.Fatalf("read %d, %v; want the end", n, err)
			}
		}
	})
}

// A FIN that comes together with the last bytes gives no second edge: a wait
// that does not try first never ends.
func TestEveryFINIsSeenThatCameWithTheLastBytes(t *testing.T) {
	const connections = 600
	onEach(t, func(t *testing.T, p path) {
		l := p.listen(t)
		defer l.Close()
		turn := make(chan peer)
		atOnce(t, l, func() {
			for far := range turn {
				send(t, far, []byte("request"))
				halfClose(t, far)
			}
		})
		defer close(turn)
		buf := make([]byte, 64)
		for i := range connections {
			c, far := p.join(t, l)
			turn <- far
			got := 0
			for {
				n, err := c.Read(buf)
				got += n
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatalf("connection %d: %v", i, err)
				}
			}
			if got != len("request") {
				t.Fatalf("connection %d: %d bytes before the end", i, got)
			}
			_ = c.Close()
			far.Close()
		}
	})
}

func TestReadOfOneByteAtATime(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		text := pattern(3000)
		send(t, far, text)
		halfClose(t, far)
		var one [1]byte
		for i := range text {
			if n, err := c.Read(one[:]); n != 1 || err != nil || one[0] != text[i] {
				t.Fatalf("byte %d: read %d, %v", i, n, err)
			}
		}
		if _, err := c.Read(one[:]); !errors.Is(err, io.EOF) {
			t.Errorf("got %v after the last byte", err)
		}
	})
}

func TestReadOfBytesThatComeOneByOne(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		text := pattern(500)
		atOnce(t, c, func() {
			for i := range text {
				send(t, far, text[i:i+1])
			}
		})
		expect(t, c, text)
	})
}

func TestResetIsTold(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		if !p.tcp {
			return // has no reset
		}
		c, far := p.pair(t)
		send(t, far, []byte("half a rep"))
		expect(t, c, []byte("half a rep"))
		atOnce(t, c, func() {
			untilWaiting("Read")
			reset(far)
		})
		_, err := c.Read(make([]byte, 8))
		if !IsReset(err) || !IsEnd(err) || errors.Is(err, io.EOF) {
			t.Errorf("got %v, want the reset", err)
		}
	})
}

// reset closes the far end with an RST.
func reset(far peer) {
	_ = far.(*net.TCPConn).SetLinger(0) // the reset that does not come fails the test
	far.Close()
}

func TestTryReadDoesNotWait(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		buf := make([]byte, 8)
		if n, err := c.TryRead(buf); n != 0 || !errors.Is(err, ErrAgain) {
			t.Fatalf("with nothing there: %d, %v", n, err)
		}
		send(t, far, []byte("x"))
		if !p.raw {
			if n, err := c.TryRead(buf); n != 0 || !errors.Is(err, ErrAgain) {
				t.Errorf("where it cannot know: %d, %v", n, err)
			}
			return
		}
		if err := c.WaitRead(); err != nil {
			t.Fatal(err)
		}
		if n, err := c.TryRead(buf); n != 1 || err != nil || buf[0] != 'x' {
			t.Errorf("with a byte there: %d, %v", n, err)
		}
		halfClose(t, far)
		if err := c.WaitRead(); err != nil {
			t.Fatal(err)
		}
		if n, err := c.TryRead(buf); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("at the end: %d, %v", n, err)
		}
	})
}

func TestWaitReadTakesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		atOnce(t, c, func() {
			if p.raw {
				untilWaiting("WaitRead")
			}
			send(t, far, []byte("abc"))
			halfClose(t, far)
		})
		for range 3 {
			if err := c.WaitRead(); err != nil {
				t.Fatal(err)
			}
		}
		expect(t, c, []byte("abc"))
		if err := c.WaitRead(); err != nil {
			t.Fatalf("at the end: %v", err)
		}
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("read %v after the last byte", err)
		}
	})
}

// The system tells a reset once. A WaitRead that swallowed it would let the
// Read after it take a reply that broke off for a whole one.
func TestWaitReadTellsTheReset(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		if !p.tcp {
			return // has no reset
		}
		c, far := p.pair(t)
		atOnce(t, c, func() {
			if p.raw {
				untilWaiting("WaitRead")
			}
			reset(far)
		})
		err := c.WaitRead()
		if err == nil {
			_, err = c.Read(make([]byte, 1))
		}
		if !IsReset(err) {
			t.Errorf("got %v, want the reset", err)
		}
	})
}

func TestLookTellsOpenAndSilent(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(t *testing.T, far peer)
		good bool
	}{
		{"silent", func(*testing.T, peer) {}, true},
		{"bytes", func(t *testing.T, far peer) { send(t, far, []byte("?")) }, false},
		{"FIN", func(_ *testing.T, far peer) { far.Close() }, false},
		{"half-close", func(t *testing.T, far peer) { halfClose(t, far) }, false},
		{"reset", func(_ *testing.T, far peer) { reset(far) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, p path) {
				if !p.tcp && c.name == "reset" {
					return
				}
				conn, far := p.pair(t)
				c.do(t, far)
				if p.raw && !c.good {
					_ = conn.WaitRead() // until it has come: the reset is told here
				}
				if got := conn.Look(); got != (c.good || !p.raw) {
					t.Errorf("look is %v", got)
				}
				if c.name == "bytes" {
					expect(t, conn, []byte("?")) // still there
				}
			})
		})
	}
}
