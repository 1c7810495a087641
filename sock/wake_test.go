package sock

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
)

// waits are the calls that wait, each begun so that only a wake or a close ends
// it.
var waits = []struct {
	name    string
	rawOnly bool
	begin   func(c *Conn) error
}{
	{"Read", false, func(c *Conn) error {
		_, err := c.Read(make([]byte, 8))
		return err
	}},
	{"WaitRead", true, func(c *Conn) error { return c.WaitRead() }},
	{"Write", false, func(c *Conn) error {
		_, err := c.Write(make([]byte, 1<<20), make([]byte, 8<<20))
		return err
	}},
	{"Roundtrip", false, func(c *Conn) error {
		_, _, err := c.Roundtrip([]byte("as"), []byte("k"), make([]byte, 8))
		return err
	}},
}

func TestWakeEndsEveryWait(t *testing.T) {
	for _, w := range waits {
		t.Run(w.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, p path) {
				if w.rawOnly && !p.raw {
					return
				}
				c, far := p.pair(t)
				small(t, c, far)
				ended := make(chan error)
				go func() { ended <- w.begin(c) }()
				untilWaiting(w.name)
				c.Wake()
				if err := <-ended; err != ErrWoken {
					t.Fatalf("woken, got %v", err)
				}
				if err := w.begin(c); err != ErrWoken {
					t.Fatalf("the next wait: got %v", err)
				}
				rearmed(t, c, far)
			})
		})
	}
}

func TestWakeBeforeEveryWait(t *testing.T) {
	for _, w := range waits {
		t.Run(w.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, p path) {
				if w.rawOnly && !p.raw {
					return
				}
				c, far := p.pair(t)
				c.Wake()
				c.Wake()
				if err := w.begin(c); !errors.Is(err, ErrWoken) {
					t.Fatalf("got %v", err)
				}
				if wrote, n, err := c.Roundtrip([]byte("ask"), nil, make([]byte, 8)); wrote != 0 || n != 0 || !errors.Is(err, ErrWoken) {
					t.Fatalf("wrote %d, read %d, %v", wrote, n, err)
				}
				rearmed(t, c, far)
			})
		})
	}
}

// rearmed fails unless the connection works again both ways.
func rearmed(t *testing.T, c *Conn, far peer) {
	t.Helper()
	c.Rearm()
	drained := make(chan error)
	go func() {
		_, err := io.Copy(io.Discard, far) // what the woken call had written
		drained <- err
	}()
	send(t, far, []byte("back"))
	expect(t, c, []byte("back"))
	if _, err := c.Write(make([]byte, 100_000), []byte("end")); err != nil {
		t.Errorf("write after Rearm: %v", err)
	}
	halfClose(t, c)
	if err := <-drained; err != nil {
		t.Errorf("peer: %v", err)
	}
}

func TestWokenRoundtripTellsWhatItWrote(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		type result struct {
			wrote, n int
			err      error
		}
		ended := make(chan result)
		go func() {
			wrote, n, err := c.Roundtrip([]byte("as"), []byte("k"), make([]byte, 8))
			ended <- result{wrote, n, err}
		}()
		receive(t, far, []byte("ask"))
		untilWaiting("Roundtrip")
		c.Wake()
		if r := <-ended; r.wrote != 3 || r.n != 0 || !errors.Is(r.err, ErrWoken) {
			t.Errorf("got %+v", r)
		}
		c.Rearm()
		send(t, far, []byte("late"))
		expect(t, c, []byte("late"))
	})
}

// gate lets wakes through during a call only, as an exchange does: Rearm must
// not meet one.
type gate struct {
	mu     sync.Mutex
	inside bool
}

func (g *gate) set(inside bool) {
	g.mu.Lock()
	g.inside = inside
	g.mu.Unlock()
}

func (g *gate) wake(c *Conn) {
	g.mu.Lock()
	if g.inside {
		c.Wake()
	}
	g.mu.Unlock()
}

// Wakes that meet the answer must lose no byte, and after Rearm leave nothing.
func TestWakeRacesWithTheAnswer(t *testing.T) {
	const rounds = 3000
	onEach(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		atOnce(t, c, func() { _, _ = io.Copy(far, far) }) // ends with the connection
		defer func() { _ = c.Close() }()
		// The waker wakes once a round: one that never rested would keep a process
		// of one thread from its poller.
		r := racer{c: c, begun: make(chan int, 1)}
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			for i := range r.begun {
				for range i * 7 % 1500 { // from long before the answer to after it
					runtime.Gosched()
				}
				r.gate.wake(c)
			}
		}()
		defer func() {
			close(r.begun)
			<-stopped
		}()
		for i := range uint64(rounds) {
			r.round(t, i)
		}
		t.Logf("%d of %d rounds were woken", r.woken, rounds)
	})
}

type racer struct {
	c     *Conn
	gate  gate
	begun chan int // rounds
	woken int
}

// round sends a number and reads it back, and asks for one wake meanwhile.
func (r *racer) round(t *testing.T, number uint64) {
	t.Helper()
	var out, in [8]byte
	binary.LittleEndian.PutUint64(out[:], number)
	wrote, got, asked, woken := 0, 0, false, false
	for got < len(in) {
		var n, m int
		var err error
		r.gate.set(true)
		if !asked {
			asked = true
			r.begun <- int(number)
		}
		if wrote < len(out) {
			half := wrote + (len(out)-wrote)/2
			m, n, err = r.c.Roundtrip(out[wrote:half], out[half:], in[got:])
		} else {
			n, err = r.c.Read(in[got:])
		}
		r.gate.set(false)
		r.c.Rearm()
		wrote, got = wrote+m, got+n
		if err != nil && !errors.Is(err, ErrWoken) {
			t.Fatalf("round %d after %d and %d bytes: %v", number, wrote, got, err)
		}
		woken = woken || err != nil
	}
	if in != out {
		t.Fatalf("round %d: sent %x, got %x", number, out, in)
	}
	if woken {
		r.woken++
	}
}

// A wake may meet the close: neither may be late for the next connection, nor
// race with it.
func TestWakeRacesWithClose(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		l := p.listen(t)
		defer l.Close()
		for range 200 {
			c, _ := p.join(t, l)
			var wg sync.WaitGroup
			wg.Go(c.Wake)
			wg.Go(c.Wake)
			wg.Go(func() { _ = c.Close() })
			_, err := c.Read(make([]byte, 1))
			wg.Wait()
			if !errors.Is(err, ErrWoken) && !errors.Is(err, net.ErrClosed) {
				t.Fatalf("got %v", err)
			}
			c.Rearm()
		}
	})
}

func TestRearmWithoutWakeKeepsTheConnection(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		c.Rearm()
		rearmed(t, c, far)
	})
}
