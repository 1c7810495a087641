//go:build amd64 || arm64

package sock

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime"
	"syscall"
	"testing"
)

// splices are the splicing calls that wait, each begun so that only a wake or a
// close ends it.
var splices = []struct {
	name  string
	begin func(t *testing.T, c *Conn) error
}{
	{"SpliceIn", func(t *testing.T, c *Conn) error {
		_, err := c.SpliceIn(pipe(t), 8)
		return err
	}},
	{"SpliceOut", func(t *testing.T, c *Conn) error {
		p := pipe(t)
		for {
			fill(t, p)
			if _, err := c.SpliceOut(p); err != nil {
				return err
			}
		}
	}},
}

// fill puts some bytes into an empty pipe.
func fill(t *testing.T, p *Pipe) {
	t.Helper()
	n, err := syscall.Write(p.w, pattern(50_000))
	if err != nil {
		t.Error(err)
	}
	p.held += max(n, 0)
}

func TestWakeEndsEverySplice(t *testing.T) {
	for _, s := range splices {
		t.Run(s.name, func(t *testing.T) {
			onTCP(t, func(t *testing.T, p path) {
				c, far := p.pair(t)
				small(t, c, far)
				ended := make(chan error)
				go func() { ended <- s.begin(t, c) }()
				untilWaiting(s.name)
				c.Wake()
				if err := <-ended; !errors.Is(err, ErrWoken) || IsEnd(err) {
					t.Fatalf("woken, got %v", err)
				}
				if err := s.begin(t, c); !errors.Is(err, ErrWoken) {
					t.Fatalf("the next wait: got %v", err)
				}
				rearmed(t, c, far)
			})
		})
	}
}

func TestCloseEndsEverySplice(t *testing.T) {
	for _, s := range splices {
		t.Run(s.name, func(t *testing.T) {
			onTCP(t, func(t *testing.T, p path) {
				c, far := p.pair(t)
				small(t, c, far)
				ended := make(chan error)
				go func() { ended <- s.begin(t, c) }()
				untilWaiting(s.name)
				_ = c.Close()
				if err := <-ended; !errors.Is(err, net.ErrClosed) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestWokenSpliceOutKeepsTheRest(t *testing.T) {
	onTCP(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		small(t, c, far)
		pp := pipe(t)
		var want []byte
		woken := make(chan struct{})
		atOnce(t, c, func() {
			defer close(woken)
			untilWaiting("SpliceOut")
			c.Wake()
		})
		for {
			fill(t, pp)
			want = append(want, pattern(50_000)...)
			held := pp.Held()
			n, err := c.SpliceOut(pp)
			if n+pp.Held() != held {
				t.Fatalf("wrote %d of %d, %d are left", n, held, pp.Held())
			}
			if errors.Is(err, ErrWoken) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		<-woken
		if pp.Held() == 0 {
			t.Fatal("nothing was left")
		}
		c.Rearm()
		atOnce(t, c, func() { receive(t, far, want) })
		if _, err := c.SpliceOut(pp); err != nil || pp.Held() != 0 {
			t.Errorf("holds %d, %v", pp.Held(), err)
		}
	})
}

// Wakes in the middle of splices must lose no byte and add none.
func TestWakeRacesWithSplices(t *testing.T) {
	onTCP(t, func(t *testing.T, p path) {
		from, source := p.pair(t)
		to, sink := p.pair(t)
		small(t, to, sink)
		text := pattern(8 << 20)
		atOnce(t, from, func() {
			send(t, source, text)
			halfClose(t, source)
		})
		got := make(chan []byte, 1)
		atOnce(t, to, func() {
			all, err := io.ReadAll(sink)
			if err != nil {
				t.Errorf("sink: %v", err)
			}
			got <- all
		})
		var g gate
		over, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for i := 0; ; i++ {
				select {
				case <-over:
					return
				default:
				}
				for range i * 7 % 300 {
					runtime.Gosched()
				}
				g.wake(from)
				g.wake(to)
			}
		}()
		woken, err := carryWoken(from, to, pipe(t), &g)
		close(over)
		<-stopped
		if !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		halfClose(t, to)
		if !bytes.Equal(<-got, text) {
			t.Error("other bytes came out")
		}
		t.Logf("woken %d times", woken)
	})
}

// carryWoken goes on after every wake.
func carryWoken(from, to *Conn, p *Pipe, g *gate) (woken int, err error) {
	for {
		g.set(true)
		if p.Held() == 0 {
			_, err = from.SpliceIn(p, 100_000)
		} else {
			_, err = to.SpliceOut(p)
		}
		g.set(false)
		from.Rearm()
		to.Rearm()
		if errors.Is(err, ErrWoken) {
			woken++
		} else if err != nil {
			return woken, err
		}
	}
}
