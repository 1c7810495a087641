//go:build linux && (amd64 || arm64)

package sock

import (
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"
)

// Lot holds idle connections without a goroutine or a buffer each: one epoll
// set, itself watched by the runtime's poller, so that one goroutine and no
// thread waits for all of them. It also watches clients of waiting exchanges
// for their end.
type Lot struct {
	f    *os.File // the epoll set
	raw  syscall.RawConn
	epfd int
	now  func() int64
	done chan struct{}

	mu     sync.Mutex
	spots  []*Spot  // by index; nil: free
	gens   []uint32 // by index: an event of an earlier tenant does nothing
	free   []int32
	parked int // spots with a limit
	recent int // parked since memory was given back
	quiet  int // sweeps without one
	last   int // recent at the last sweep
	freed  int64
}

// NewLot makes an empty lot over the monotonic clock now. Close ends it.
func NewLot(now func() int64) (*Lot, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	// Non-blocking is what makes os.NewFile register it with the poller.
	if err := syscall.SetNonblock(fd, true); err != nil {
		syscall.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	f := os.NewFile(uintptr(fd), "lot")
	raw, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return nil, err
	}
	l := &Lot{f: f, raw: raw, epfd: fd, now: now, done: make(chan struct{}), spots: make([]*Spot, 1), gens: make([]uint32, 1)}
	go l.run()
	return l, nil
}

// Close ends the lot. Nothing may be parked any more.
func (l *Lot) Close() {
	l.f.Close()
	<-l.done
}

// Park takes a connection whose owner holds nothing of it any more, for at
// most limit. After true the lot may already have called p; after false (the
// connection cannot be parked) nothing has changed.
func (l *Lot) Park(c *Conn, p Parked, s *Spot, limit time.Duration) bool {
	return l.enter(s, Spot{conn: c, parked: p, expires: l.now() + int64(limit)}, syscall.EPOLLIN|syscall.EPOLLRDHUP|epollOneshot)
}

// Watch tells w when the peer of c ends the connection, which its owner goes
// on using. Unwatch must come before the connection is closed.
func (l *Lot) Watch(c *Conn, w Watcher, mark uint64, s *Spot) bool {
	return l.enter(s, Spot{conn: c, watcher: w, mark: mark}, syscall.EPOLLRDHUP|epollOneshot)
}

// epollOneshot: an event disarms its descriptor, so that each is told once.
const epollOneshot = 1 << 30

func (l *Lot) enter(s *Spot, as Spot, events uint32) bool {
	if as.conn.raw == nil {
		return false
	}
	ok := false
	err := as.conn.raw.Control(func(fd uintptr) {
		l.mu.Lock()
		defer l.mu.Unlock()
		*s = as
		s.fd = int32(fd)
		i := l.take(s)
		ev := syscall.EpollEvent{Events: events, Fd: i, Pad: int32(s.gen)}
		if e := syscall.EpollCtl(l.epfd, syscall.EPOLL_CTL_ADD, int(fd), &ev); e != nil {
			l.give(s)
			return
		}
		if s.parked != nil {
			if l.parked++; l.parked == 1 {
				l.f.SetReadDeadline(time.Now().Add(sweepEvery))
			}
			l.recent++
		}
		ok = true
	})
	return err == nil && ok
}

// take gives s a place in the table, give frees it. With l.mu held.
func (l *Lot) take(s *Spot) int32 {
	var i int32
	if n := len(l.free); n > 0 {
		i, l.free = l.free[n-1], l.free[:n-1]
	} else {
		i = int32(len(l.spots))
		l.spots, l.gens = append(l.spots, nil), append(l.gens, 0)
	}
	l.gens[i]++
	l.spots[i] = s
	s.index, s.gen = i, l.gens[i]
	return i
}

func (l *Lot) give(s *Spot) {
	l.spots[s.index] = nil
	l.free = append(l.free, s.index)
	*s = Spot{}
}

// leave takes s out before its descriptor can be closed: a number that is
// used again must not wake a stranger. With l.mu held.
func (l *Lot) leave(s *Spot) {
	syscall.EpollCtl(l.epfd, syscall.EPOLL_CTL_DEL, int(s.fd), &syscall.EpollEvent{})
	if s.parked != nil {
		l.parked--
	}
	l.give(s)
}

// Unpark takes a connection out as if bytes had come; false if it was not (or
// no longer) parked.
func (l *Lot) Unpark(s *Spot) bool {
	l.mu.Lock()
	p := s.parked
	if s.index == 0 || p == nil {
		l.mu.Unlock()
		return false
	}
	l.leave(s)
	l.mu.Unlock()
	p.Ready()
	return true
}

// Unwatch ends a watch. When it returns Gone is not called any more, but one
// call may still be under way.
func (l *Lot) Unwatch(s *Spot) {
	l.mu.Lock()
	if s.index != 0 && s.watcher != nil {
		l.leave(s)
	}
	l.mu.Unlock()
}

// Parked is how many connections are parked.
func (l *Lot) Parked() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.parked
}

func (l *Lot) run() {
	defer close(l.done)
	events := make([]syscall.EpollEvent, 128)
	n := 0
	wait := func(fd uintptr) bool {
		var err error
		n, err = syscall.EpollWait(int(fd), events, 0)
		return err != nil && err != syscall.EINTR || n > 0
	}
	for {
		n = 0
		err := l.raw.Read(wait)
		switch {
		case err == nil && n >= 0:
			for _, ev := range events[:n] {
				l.event(ev)
			}
		case isDeadline(err):
			l.sweep()
		default:
			return // closed
		}
	}
}

func isDeadline(err error) bool {
	t, ok := err.(interface{ Timeout() bool })
	return ok && t.Timeout()
}

func (l *Lot) event(ev syscall.EpollEvent) {
	l.mu.Lock()
	i := ev.Fd
	s := l.spots[i]
	if s == nil || l.gens[i] != uint32(ev.Pad) {
		l.mu.Unlock()
		return
	}
	if p := s.parked; p != nil {
		l.leave(s)
		l.mu.Unlock()
		p.Ready()
		return
	}
	w, mark, gen := s.watcher, s.mark, s.gen
	l.mu.Unlock()
	reset := ev.Events&(syscall.EPOLLERR|syscall.EPOLLHUP) != 0
	again := w.Gone(mark, reset)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.spots[i] != s || l.gens[i] != gen {
		return // unwatched meanwhile
	}
	if !again || reset {
		l.leave(s)
		return
	}
	// Without RDHUP, which would fire at once, again and again.
	next := syscall.EpollEvent{Events: epollOneshot, Fd: i, Pad: int32(gen)}
	syscall.EpollCtl(l.epfd, syscall.EPOLL_CTL_MOD, int(s.fd), &next)
}

// sweep ends what has been parked for too long and gives memory back after a
// mass park.
func (l *Lot) sweep() {
	now := l.now()
	var expired []Parked
	l.mu.Lock()
	for _, s := range l.spots {
		if s != nil && s.parked != nil && s.expires <= now {
			expired = append(expired, s.parked)
			l.leave(s)
		}
	}
	if l.parked > 0 {
		l.f.SetReadDeadline(time.Now().Add(sweepEvery))
	} else {
		l.f.SetReadDeadline(time.Time{})
	}
	release := l.release(now)
	l.mu.Unlock()
	for _, p := range expired {
		p.Expired()
	}
	if release {
		// What sync.Pools hold outlives one collection: the first only ages
		// it, and the buffers of the mass would stay until the next.
		runtime.GC()
		debug.FreeOSMemory()
	}
}

func (l *Lot) release(now int64) bool {
	if l.recent != l.last {
		l.last, l.quiet = l.recent, 0
		return false
	}
	l.quiet++
	if l.recent < massPark || l.quiet < quietSweeps || l.freed != 0 && now-l.freed < int64(freeAtMost) {
		return false
	}
	l.recent, l.last, l.quiet, l.freed = 0, 0, 0, now
	return true
}
