package pool

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidecar"
)

// message is a request that can always be sent again, unless told otherwise.
type message struct{ spent bool }

func (message) Attr(sidecar.Selector) ([]byte, bool) { return nil, false }
func (m message) Rewind() bool                       { return !m.spent }
func (message) Class() sidecar.Class                 { return sidecar.Success }

// line is a connection that a test steers. It fails the test if two exchanges
// are on it at once or if it is used after Close.
type line struct {
	t      *testing.T
	number int
	users  atomic.Int32
	closed atomic.Bool
	cut    atomic.Bool // by the peer, seen only by a look
	ended  atomic.Bool // not to be used again
	done   atomic.Int32
	do     func(*line, *sidecar.Exchange) error
}

func (l *line) Do(_ context.Context, x *sidecar.Exchange) error {
	if l.users.Add(1) != 1 {
		l.t.Error("two exchanges on one connection")
	}
	defer l.users.Add(-1)
	if l.closed.Load() {
		l.t.Error("exchange on a closed connection")
	}
	l.done.Add(1)
	if l.do == nil {
		return nil
	}
	return l.do(l, x)
}

func (l *line) Status(look bool) sidecar.Status {
	if l.users.Load() != 0 {
		l.t.Error("looked at a connection in use")
	}
	if l.closed.Load() || l.ended.Load() || look && l.cut.Load() {
		return sidecar.Closed
	}
	return sidecar.Open
}

func (l *line) Close() {
	if l.closed.Swap(true) {
		l.t.Error("connection closed twice")
	}
}

// server makes lines.
type server struct {
	t     *testing.T
	mu    sync.Mutex
	lines []*line
	dials int
	delay time.Duration
	err   error
	do    func(*line, *sidecar.Exchange) error
	born  func(*line) // told of each new one
}

func (s *server) dial(ctx context.Context) (Conn, error) {
	s.mu.Lock()
	s.dials++
	delay, err := s.delay, s.err
	s.mu.Unlock()
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if err != nil {
		return nil, err
	}
	return s.line(), nil
}

func (s *server) line() *line {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &line{t: s.t, number: len(s.lines), do: s.do}
	s.lines = append(s.lines, l)
	if s.born != nil {
		s.born(l)
	}
	return l
}

func (s *server) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, l := range s.lines {
		if !l.closed.Load() {
			n++
		}
	}
	return n
}

func (s *server) set(delay time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay, s.err = delay, err
}

func (s *server) dialled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials
}

// bench is a pool before a server; end checks that nothing is left.
type bench struct {
	*Exclusive
	t      *testing.T
	server *server
	dials  sync.WaitGroup
	users  sync.WaitGroup
}

func newBench(t *testing.T, s Settings) *bench {
	b := &bench{t: t, server: &server{t: t}}
	b.Exclusive = New(Params{Dial: b.server.dial, Go: b.dials.Go, Now: sidecar.Now, Settings: s})
	return b
}

func (b *bench) end() {
	b.t.Helper()
	b.users.Wait()
	b.Close()
	b.dials.Wait()
	if n := b.server.open(); n != 0 {
		b.t.Errorf("%d connections left open", n)
	}
	if s := b.Stats(); s.Size != 0 || s.Waiters != 0 || s.Dialing != 0 || s.InUse != 0 {
		b.t.Errorf("left behind: %+v", s)
	}
}

func exchange() *sidecar.Exchange {
	x := new(sidecar.Exchange)
	x.Begin(message{}, nil, sidecar.Now())
	x.Try("a:1", 1, sidecar.Now())
	return x
}

// start runs x in the pool and gives its error in the channel.
func (b *bench) start(x *sidecar.Exchange) chan error {
	out := make(chan error, 1)
	b.users.Go(func() { out <- b.Do(context.Background(), x) })
	return out
}

func reason(err error) sidecar.Reason {
	if err == nil {
		return sidecar.NoReason
	}
	return sidecar.FaultOf(err).Reason
}
