//go:build !race

package sock

import (
	"errors"
	"net"
	"testing"
)

// echoing starts a far end that sends back what it gets and allocates nothing.
func echoing(t testing.TB, p path) *Conn {
	c, far := p.pair(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		var buf [4096]byte
		for {
			n, err := far.Read(buf[:])
			if err != nil {
				return
			}
			if _, err := far.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = c.Close()
		<-done
	})
	return c
}

// upTo reads until n bytes in all have come.
func upTo(t testing.TB, c *Conn, in []byte, got, n int) {
	for got < n {
		m, err := c.Read(in[got:])
		if err != nil {
			t.Fatal(err)
		}
		got += m
	}
}

func TestRoundtripReadAndTryWriteAllocateNothing(t *testing.T) {
	p := paths[0]
	if !p.raw {
		return // the net.Conn path promises nothing
	}
	c := echoing(t, p)
	head, body, in := pattern(100), pattern(50), make([]byte, 4096)
	both := len(head) + len(body)
	if n := testing.AllocsPerRun(500, func() {
		wrote, n, err := c.Roundtrip(head, body, in)
		if wrote != both || err != nil {
			t.Fatalf("wrote %d, %v", wrote, err)
		}
		upTo(t, c, in, n, both)
		if n, err := c.TryWrite(head, body); n != both || err != nil {
			t.Fatalf("wrote %d, %v", n, err)
		}
		if err := c.WaitRead(); err != nil {
			t.Fatal(err)
		}
		upTo(t, c, in, 0, both)
		if n, err := c.Write(body, head); n != both || err != nil {
			t.Fatalf("wrote %d, %v", n, err)
		}
		upTo(t, c, in, 0, both)
		if _, err := c.TryRead(in); !errors.Is(err, ErrAgain) || !c.Look() {
			t.Fatalf("got %v from a silent connection", err)
		}
		c.Rearm()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestSpliceAllocatesNothing(t *testing.T) {
	p := paths[0]
	if !p.raw {
		return // has no splice
	}
	c := echoing(t, p)
	pipes := NewPipes()
	defer pipes.Close()
	text, in := pattern(150), make([]byte, 4096)
	if n := testing.AllocsPerRun(500, func() {
		p, err := pipes.Get()
		if err != nil {
			t.Fatal(err)
		}
		if n, err := c.Write(text, nil); n != len(text) || err != nil {
			t.Fatalf("wrote %d, %v", n, err)
		}
		for _, out := range []func(*Pipe) (int, error){c.SpliceOut, c.TrySpliceOut} {
			for got := 0; got < len(text); { // the echo goes round once more
				n, err := c.SpliceIn(p, len(text)-got)
				if err != nil {
					t.Fatal(err)
				}
				got += n
				if m, err := out(p); m != n || err != nil {
					t.Fatalf("wrote %d of %d, %v", m, n, err)
				}
			}
		}
		upTo(t, c, in, 0, len(text))
		pipes.Put(p)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestBuffersAllocateNothing(t *testing.T) {
	b := NewBuffers()
	b.Put(b.Small())
	b.Put(b.Large())
	if n := testing.AllocsPerRun(500, func() {
		p, q := b.Small(), b.Large()
		b.Put(p)
		b.Put(q)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestArmAllocatesNothing(t *testing.T) {
	h := byHand(t, 100)
	var a Alarms
	a.Init(h.w, nobodyTold{})
	at := int64(200 * Tick)
	if n := testing.AllocsPerRun(500, func() {
		at += int64(Tick)
		a.Arm(0, at, 1)
		a.Arm(1, at-int64(50*Tick), 2)
		a.Arm(1, at-int64(60*Tick), 3) // earlier: filed again
		a.Arm(0, 0, 0)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRoundtrip(b *testing.B) {
	for _, p := range paths {
		b.Run(p.name, func(b *testing.B) {
			c := echoing(b, p)
			head, in := pattern(100), make([]byte, 4096)
			b.ReportAllocs()
			for b.Loop() {
				_, n, err := c.Roundtrip(head, nil, in)
				if err != nil {
					b.Fatal(err)
				}
				upTo(b, c, in, n, len(head))
			}
		})
	}
}

func BenchmarkLook(b *testing.B) {
	c, _ := paths[0].pair(b)
	b.ReportAllocs()
	for b.Loop() {
		if !c.Look() {
			b.Fatal(net.ErrClosed)
		}
	}
}
