//go:build amd64 || arm64

package sock

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"syscall"
	"testing"
)

// pipe takes a pipe of a pool of its own, which must have it back empty.
func pipe(t testing.TB) *Pipe {
	t.Helper()
	s := NewPipes()
	p, err := s.Get()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Put(p)
		s.Close()
		if s.Open() != 0 || s.Out() != 0 {
			t.Errorf("%d pipes are open, %d out", s.Open(), s.Out())
		}
	})
	return p
}

// onTCP runs the test over the one path that splices.
func onTCP(t *testing.T, test func(t *testing.T, p path)) {
	for _, p := range paths {
		if p.raw && p.tcp {
			t.Run(p.name, func(t *testing.T) { test(t, p) })
		}
	}
}

// carry splices from one connection to another until the end.
func carry(from, to *Conn, p *Pipe, piece func() int) (int, error) {
	total := 0
	for {
		n, err := from.SpliceIn(p, piece())
		if err != nil {
			return total, err
		}
		m, err := to.SpliceOut(p)
		total += m
		if err == nil && (m != n || p.Held() != 0) {
			return total, errors.New("another count went out than came in")
		}
		if err != nil {
			return total, err
		}
	}
}

func TestSpliceWhereItCannotTakesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		if can := p.raw && p.tcp; c.CanSplice() != can {
			t.Fatalf("CanSplice is %v", !can)
		}
		if c.CanSplice() {
			return
		}
		pp := pipe(t)
		send(t, far, []byte("hello"))
		if n, err := c.SpliceIn(pp, 64); n != 0 || !errors.Is(err, ErrNoSplice) || pp.Held() != 0 {
			t.Errorf("moved %d, holds %d, %v", n, pp.Held(), err)
		}
		for _, out := range []func(*Pipe) (int, error){c.SpliceOut, c.TrySpliceOut} {
			if n, err := out(pp); n != 0 || !errors.Is(err, ErrNoSplice) {
				t.Errorf("wrote %d, %v", n, err)
			}
		}
		expect(t, c, []byte("hello"))
	})
}

// A system, or its filter of calls, may refuse: then nothing may be lost.
func TestSpliceThatTheSystemRefusesTakesNothing(t *testing.T) {
	onTCP(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		f, err := os.Create(t.TempDir() + "/f")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		send(t, far, []byte("hello"))
		if err := c.WaitRead(); err != nil {
			t.Fatal(err)
		}
		no := &Pipe{r: -1, w: int(f.Fd())} // which is no pipe
		if n, err := c.SpliceIn(no, 64); n != 0 || !errors.Is(err, ErrNoSplice) || no.Held() != 0 {
			t.Errorf("moved %d, holds %d, %v", n, no.Held(), err)
		}
		expect(t, c, []byte("hello"))
	})
}

func TestSpliceTakesNoMoreThanAsked(t *testing.T) {
	onTCP(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		pp := pipe(t)
		text := pattern(100)
		send(t, far, text)
		if err := c.WaitRead(); err != nil {
			t.Fatal(err)
		}
		if n, err := c.SpliceIn(pp, 0); n != 0 || err != nil {
			t.Fatalf("asked for none: %d, %v", n, err)
		}
		if n, err := c.SpliceIn(pp, 60); n != 60 || err != nil || pp.Held() != 60 {
			t.Fatalf("asked for 60: %d, %v, holds %d", n, err, pp.Held())
		}
		if n, err := c.SpliceOut(pp); n != 60 || err != nil || pp.Held() != 0 {
			t.Fatalf("wrote %d, %v, holds %d", n, err, pp.Held())
		}
		expect(t, c, text[60:])
		receive(t, far, text[:60])
	})
}

// Every byte comes out as it went in, whatever the sizes of writes, pieces,
// reads and the sockets' buffers.
func TestSpliceCarriesEveryByte(t *testing.T) {
	onTCP(t, func(t *testing.T, p path) {
		pp := pipe(t)
		for round := range uint64(12) {
			r := rand.New(rand.NewPCG(round, 1))
			from, source := p.pair(t)
			to, sink := p.pair(t)
			if round%2 == 1 {
				small(t, to, sink)
			}
			text := pattern(1 + r.IntN(1<<21))
			atOnce(t, from, func() {
				r := rand.New(rand.NewPCG(round, 2))
				for at := 0; at < len(text); {
					n := min(len(text)-at, 1+r.IntN(1<<r.IntN(20)))
					send(t, source, text[at:at+n])
					at += n
				}
				halfClose(t, source)
			})
			atOnce(t, to, func() {
				r := rand.New(rand.NewPCG(round, 3))
				for at := 0; at < len(text); {
					n := min(len(text)-at, 1+r.IntN(1<<r.IntN(20)))
					receive(t, sink, text[at:at+n])
					at += n
				}
			})
			n, err := carry(from, to, pp, func() int { return 1 + r.IntN(1<<r.IntN(21)) })
			if n != len(text) || !errors.Is(err, io.EOF) {
				t.Fatalf("round %d: carried %d of %d, %v", round, n, len(text), err)
			}
		}
	})
}

// Each byte is a segment of its own and takes a place of the pipe: it is full
// long before the bytes asked for are in it.
func TestSpliceOfManySegments(t *testing.T) {
	onTCP(t, func(t *testing.T, p path) {
		from, source := p.pair(t)
		to, sink := p.pair(t)
		text := pattern(500)
		for i := range text {
			send(t, source, text[i:i+1])
		}
		halfClose(t, source)
		n, err := carry(from, to, pipe(t), func() int { return 1 << 20 })
		if n != len(text) || !errors.Is(err, io.EOF) {
			t.Fatalf("carried %d, %v", n, err)
		}
		receive(t, sink, text)
	})
}

func TestSpliceSeesEveryFINThatCameWithTheLastBytes(t *testing.T) {
	const connections = 300
	onTCP(t, func(t *testing.T, p path) {
		l := p.listen(t)
		defer l.Close()
		to, sink := p.pair(t)
		pp := pipe(t)
		turn := make(chan peer)
		atOnce(t, l, func() {
			for far := range turn {
				send(t, far, []byte("request"))
				halfClose(t, far)
			}
		})
		defer close(turn)
		for i := range connections {
			c, far := p.join(t, l)
			turn <- far
			if n, err := carry(c, to, pp, func() int { return 1 << 20 }); n != len("request") || !errors.Is(err, io.EOF) {
				t.Fatalf("connection %d: %d, %v", i, n, err)
			}
			receive(t, sink, []byte("request"))
			if n, err := c.SpliceIn(pp, 1); n != 0 || !errors.Is(err, io.EOF) {
				t.Fatalf("connection %d: %d, %v after the end", i, n, err)
			}
			_ = c.Close()
			far.Close()
		}
	})
}

func TestSpliceTellsTheReset(t *testing.T) {
	onTCP(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		atOnce(t, c, func() {
			untilWaiting("SpliceIn")
			reset(far)
		})
		if n, err := c.SpliceIn(pipe(t), 8); n != 0 || !IsReset(err) || errors.Is(err, io.EOF) {
			t.Errorf("got %d, %v, want the reset", n, err)
		}
	})
}

// The system raises SIGPIPE here. That the process lives is part of the test.
func TestSpliceToAPeerThatIsGone(t *testing.T) {
	onTCP(t, func(t *testing.T, p path) {
		from, source := p.pair(t)
		to, sink := p.pair(t)
		atOnce(t, from, func() {
			_, _ = io.Copy(source, endless{}) // until the connection is closed
		})
		defer func() { _ = from.Close() }()
		sink.Close()
		pp := pipe(t)
		if _, err := carry(from, to, pp, func() int { return 1000 }); !IsReset(err) || !IsEnd(err) {
			t.Errorf("got %v", err)
		}
		if _, err := to.SpliceOut(pp); pp.Held() == 0 || !IsReset(err) {
			t.Errorf("holds %d, %v", pp.Held(), err)
		}
	})
}

// endless reads as zeros.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestTrySpliceOutCountsWhatTheSocketTook(t *testing.T) {
	onTCP(t, func(t *testing.T, p path) {
		from, source := p.pair(t)
		to, sink := p.pair(t)
		small(t, to, sink)
		text := pattern(1 << 20)
		atOnce(t, from, func() { send(t, source, text) })
		pp := pipe(t)
		full, got := 0, 0
		for took := 0; took < len(text); {
			if pp.Held() == 0 {
				if _, err := from.SpliceIn(pp, 1<<20); err != nil {
					t.Fatal(err)
				}
			}
			held := pp.Held()
			n, err := to.TrySpliceOut(pp)
			if n+pp.Held() != held || (err == nil) != (pp.Held() == 0) || err != nil && !errors.Is(err, ErrAgain) {
				t.Fatalf("took %d of %d, left %d, %v", n, held, pp.Held(), err)
			}
			took += n
			if err != nil || took == len(text) { // the sink reads no sooner
				receive(t, sink, text[got:took])
				got = took
			}
			if err != nil {
				full++
			}
		}
		if full == 0 {
			t.Error("the socket was never full")
		}
	})
}

// What SpliceOut was given may end in the middle of a wait, and Write goes on
// behind it in order.
func TestSpliceAndWriteTakeTurns(t *testing.T) {
	onTCP(t, func(t *testing.T, p path) {
		from, source := p.pair(t)
		to, sink := p.pair(t)
		small(t, to, sink)
		text := pattern(900_000)
		atOnce(t, from, func() { send(t, source, text) })
		atOnce(t, to, func() { receive(t, sink, text) })
		pp := pipe(t)
		buf := make([]byte, 10_000)
		for at, turn := 0, 0; at < len(text); turn++ {
			var n int
			var err error
			if turn%2 == 0 {
				if n, err = from.SpliceIn(pp, 50_000); err == nil {
					_, err = to.SpliceOut(pp)
				}
			} else if n, err = from.Read(buf); err == nil {
				_, err = to.Write(buf[:n/3], buf[n/3:n])
			}
			if err != nil {
				t.Fatalf("after %d bytes: %v", at, err)
			}
			at += n
		}
	})
}

// Signals interrupt system calls: none may be told as an error or lose bytes.
func TestSignalsDisturbNoSplice(t *testing.T) {
	const signals = 2000
	onTCP(t, func(t *testing.T, p path) {
		from, source := p.pair(t)
		to, sink := p.pair(t)
		small(t, to, sink)
		text := pattern(4 << 20)
		atOnce(t, from, func() {
			send(t, source, text)
			halfClose(t, source)
		})
		atOnce(t, to, func() { receive(t, sink, text) })
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			for range signals { // SIGURG is the runtime's own, harmless to all else
				if err := syscall.Kill(syscall.Getpid(), syscall.SIGURG); err != nil {
					t.Error(err)
					return
				}
				runtime.Gosched()
			}
		}()
		if n, err := carry(from, to, pipe(t), func() int { return 20_000 }); n != len(text) || !errors.Is(err, io.EOF) {
			t.Errorf("carried %d, %v", n, err)
		}
		<-sent
	})
}

func TestSpliceIntoAPipeThatHoldsBytesPanics(t *testing.T) {
	onTCP(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		pp := pipe(t)
		send(t, far, []byte("ab"))
		if _, err := c.SpliceIn(pp, 1); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		_, _ = c.SpliceIn(pp, 1)
	})
}
