//go:build amd64 || arm64

package sock

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"testing"
)

// descriptors is how many of them this process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func TestPipesArePooledWithinTheirBound(t *testing.T) {
	before := descriptors(t)
	s := NewPipes()
	var taken []*Pipe
	for range maxIdlePipes + 3 {
		p, err := s.Get()
		if err != nil {
			t.Fatal(err)
		}
		taken = append(taken, p)
	}
	if got := descriptors(t) - before; got != 2*len(taken) {
		t.Errorf("%d descriptors for %d pipes", got, len(taken))
	}
	for _, p := range taken {
		s.Put(p)
	}
	if s.Out() != 0 || s.Open() != maxIdlePipes {
		t.Errorf("%d are out, %d open; want none and %d", s.Out(), s.Open(), maxIdlePipes)
	}
	if got := descriptors(t) - before; got != 2*maxIdlePipes {
		t.Errorf("%d descriptors for %d idle pipes", got, maxIdlePipes)
	}
	if p, err := s.Get(); err != nil || p != taken[maxIdlePipes-1] {
		t.Errorf("not the last one that came back, %v", err)
	} else {
		s.Put(p)
	}
	s.Close()
	if s.Out() != 0 || s.Open() != 0 || descriptors(t) != before {
		t.Errorf("%d are out, %d open after Close, %d descriptors more", s.Out(), s.Open(), descriptors(t)-before)
	}
}

// The bytes of one client must never come out for another one.
func TestPipeThatHoldsBytesIsNotUsedAgain(t *testing.T) {
	before := descriptors(t)
	s := NewPipes()
	defer s.Close()
	p, err := s.Get()
	if err != nil {
		t.Fatal(err)
	}
	fill(t, p)
	s.Put(p)
	if s.Open() != 0 || descriptors(t) != before {
		t.Errorf("%d are open, %d descriptors more", s.Open(), descriptors(t)-before)
	}
	if q, err := s.Get(); err != nil || q == p || q.Held() != 0 {
		t.Errorf("got the same pipe, or %v", err)
	} else {
		s.Put(q)
	}
}

func TestPipesThatAreOpenAreBounded(t *testing.T) {
	before := descriptors(t)
	s := NewPipes()
	var taken []*Pipe
	for range maxPipes {
		p, err := s.Get()
		if err != nil {
			t.Fatal(err)
		}
		taken = append(taken, p)
	}
	if p, err := s.Get(); p != nil || !errors.Is(err, ErrNoSplice) {
		t.Errorf("one more than there may be: %v", err)
	}
	s.Put(taken[0])
	p, err := s.Get()
	if err != nil {
		t.Fatalf("after one came back: %v", err)
	}
	taken[0] = p
	s.Close()
	if s.Out() != maxPipes {
		t.Errorf("%d are out", s.Out())
	}
	for _, p := range taken {
		s.Put(p)
	}
	if s.Open() != 0 || descriptors(t) != before {
		t.Errorf("%d are open, %d descriptors more", s.Open(), descriptors(t)-before)
	}
	if _, err := s.Get(); !errors.Is(err, ErrNoSplice) {
		t.Errorf("after Close: %v", err)
	}
}

func TestPipesAreHeldByOne(t *testing.T) {
	s := NewPipes()
	var mu sync.Mutex
	held := map[*Pipe]bool{}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				p, err := s.Get()
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if held[p] {
					t.Error("another holder has it")
				}
				held[p] = true
				mu.Unlock()
				mu.Lock()
				delete(held, p)
				mu.Unlock()
				s.Put(p)
			}
		})
	}
	wg.Wait()
	s.Close()
	if s.Open() != 0 {
		t.Errorf("%d are open", s.Open())
	}
}

func TestPipeNeverBlocksAndIsNotInherited(t *testing.T) {
	p := pipe(t)
	for _, fd := range []int{p.r, p.w} {
		flags, _, e := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
		if e != 0 || flags&syscall.O_NONBLOCK == 0 {
			t.Errorf("flags %#x, %v: blocks", flags, e)
		}
		flags, _, e = syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0)
		if e != 0 || flags&syscall.FD_CLOEXEC == 0 {
			t.Errorf("flags %#x, %v: children inherit it", flags, e)
		}
	}
}

// A descriptor's number is given again at once: a pipe that is closed must not
// reach the next one's.
func TestClosedPipeReachesNobody(t *testing.T) {
	onTCP(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		gone, err := openPipe()
		if err != nil {
			t.Fatal(err)
		}
		gone.close()
		send(t, far, []byte("x"))
		if _, err := c.SpliceIn(gone, 1); !errors.Is(err, syscall.EBADF) {
			t.Errorf("got %v", err)
		}
	})
}
