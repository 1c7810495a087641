//go:build amd64 || arm64

package sock

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
)

// unsent asks the system how much it keeps that the peer has no room for.
func unsent(t *testing.T, c *Conn) int {
	t.Helper()
	var n int
	var err error
	if e := c.raw.Control(func(fd uintptr) {
		n, err = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpNotsentLowat)
	}); errors.Join(e, err) != nil {
		t.Fatal(e, err)
	}
	return n
}

// stuff writes without waiting until the system takes no more.
func stuff(t *testing.T, write func() (int, error)) (total int) {
	t.Helper()
	for {
		n, err := write()
		total += n
		if errors.Is(err, ErrAgain) {
			return total
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// What a peer does not read stays small, and there is room again before much
// of it has gone: a poller that tells only of megabytes makes a slow reader
// look like one that stands still.
func TestLittleIsKeptForAPeerThatDoesNotRead(t *testing.T) {
	onTCP(t, func(t *testing.T, p path) {
		for name, splices := range map[string]bool{"Write": false, "SpliceOut": true} {
			t.Run(name, func(t *testing.T) {
				to, far := p.pair(t)
				const room = 256 << 10
				if err := far.SetReadBuffer(room); err != nil {
					t.Fatal(err)
				}
				piece := pattern(maxCall)
				write := func() (int, error) { return to.TryWrite(piece, nil) }
				rest := func() (int, error) { return to.Write(piece, nil) }
				if splices {
					from, source := p.pair(t)
					pp := pipe(t)
					t.Cleanup(func() { drainPipe(pp) })
					write = func() (int, error) {
						if pp.Held() == 0 {
							send(t, source, piece)
							if _, err := from.SpliceIn(pp, len(piece)); err != nil {
								t.Fatal(err)
							}
						}
						return to.TrySpliceOut(pp)
					}
					rest = func() (int, error) { return to.SpliceOut(pp) }
				}
				total := stuff(t, write)
				// The peer's buffer, ours, and a segment that was begun.
				if total > 2*room+maxUnsent+2*maxCall {
					t.Errorf("%d bytes were taken that nobody reads", total)
				}
				if got := unsent(t, to); got != maxUnsent {
					t.Errorf("the bound is %d", got)
				}
				wrote := make(chan error, 1)
				go func() { _, err := rest(); wrote <- err }()
				if _, err := io.CopyN(io.Discard, far, int64(total)); err != nil {
					t.Fatal(err)
				}
				if err := <-wrote; err != nil {
					t.Error(err)
				}
			})
		}
	})
}

// drainPipe empties a pipe whose bytes nobody wants.
func drainPipe(p *Pipe) {
	b := make([]byte, p.held)
	for p.held > 0 {
		n, err := syscall.Read(p.r, b)
		if n <= 0 || err != nil {
			return
		}
		p.held -= n
	}
}

// A connection of small messages costs no call more.
func TestSmallMessagesHaveNoBound(t *testing.T) {
	onTCP(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		before := unsent(t, c)
		send(t, far, pattern(10)) // so that the far end is known to be there
		for range 10 {
			if _, err := c.TryWrite(pattern(1000), nil); err != nil {
				t.Fatal(err)
			}
		}
		if got := unsent(t, c); got != before || got == maxUnsent {
			t.Errorf("the bound is %d, was %d", got, before)
		}
	})
}

func TestUnixSocketsHaveNoBound(t *testing.T) {
	for _, p := range paths {
		if p.network != "unix" {
			continue
		}
		c, far := p.pair(t)
		go func() { _, _ = io.Copy(io.Discard, far.(net.Conn)) }()
		if n, err := c.Write(pattern(4*maxUnsent), nil); n != 4*maxUnsent || err != nil {
			t.Errorf("wrote %d, %v", n, err)
		}
		if c.out.total != 0 {
			t.Error("a Unix socket counts towards a bound that it has not")
		}
	}
}
