package sock

import (
	"errors"
	"sync"
)

// ErrNoSplice is returned where bytes cannot go through a Pipe: by SpliceIn
// before it has moved any, and by Pipes.Get. The caller copies instead.
var ErrNoSplice = errors.New("sock: cannot splice here: copy through a buffer instead")

const (
	// MinSplice is the shortest rest of a body that is worth splicing: shorter
	// ones cost about as much either way (BenchmarkRelay).
	MinSplice = 64 << 10

	// pipeSize is asked for each pipe. A pipe holds so many parts of pages (here
	// 64) and not so many bytes. What comes from a network card may take one for
	// each segment, and 16 of them, the system's own size, are 23 KiB; 64 take
	// the longest call, and more would never be filled.
	pipeSize = 256 << 10

	// minPipeSize is the least to accept: a user whose pipes hold too much
	// memory already gets new ones of one or two pages, which cost more calls
	// than they save.
	minPipeSize = 64 << 10

	// maxPipes are open at a time: two descriptors each, and together half of
	// the 64 MiB that a user's pipes may have before new ones are cut short.
	maxPipes = 128

	// maxIdlePipes wait in the pool at most. Opening one costs a few calls, and
	// a body that is worth splicing takes many.
	maxIdlePipes = 32
)

// Pipe carries bytes from one connection to another inside the system. One
// goroutine at a time may use it. It is got from Pipes and goes back there.
type Pipe struct {
	r, w int
	held int // bytes in it
}

// Held is how many bytes are in the pipe.
func (p *Pipe) Held() int { return p.held }

// Pipes are the pooled pipes of the data path. Get and Put may be called by any
// goroutine.
type Pipes struct {
	mu     sync.Mutex
	idle   []*Pipe // the last one in is the first one out
	open   int
	closed bool
}

// NewPipes makes an empty pool. Close ends it.
func NewPipes() *Pipes { return &Pipes{idle: make([]*Pipe, 0, maxIdlePipes)} }

// Get takes an empty pipe. An error says why none is to be had; it does not
// wait for one, since copying is always possible.
func (s *Pipes) Get() (*Pipe, error) {
	s.mu.Lock()
	if n := len(s.idle); n > 0 {
		p := s.idle[n-1]
		s.idle = s.idle[:n-1]
		s.mu.Unlock()
		return p, nil
	}
	if s.closed || s.open >= maxPipes {
		s.mu.Unlock()
		return nil, ErrNoSplice
	}
	s.open++
	s.mu.Unlock()
	p, err := openPipe() // without the lock: this makes system calls
	if err != nil {
		s.mu.Lock()
		s.open--
		s.mu.Unlock()
	}
	return p, err
}

// Put gives back a pipe. One that is not known to be empty is closed: its bytes
// would go to the next one's client.
func (s *Pipes) Put(p *Pipe) {
	s.mu.Lock()
	keep := p.held == 0 && len(s.idle) < maxIdlePipes && !s.closed
	if keep {
		s.idle = append(s.idle, p)
	} else {
		s.open--
	}
	s.mu.Unlock()
	if !keep {
		p.close()
	}
}

// Close closes the idle pipes; those that are out are closed when they come
// back, and no new ones are given.
func (s *Pipes) Close() {
	s.mu.Lock()
	idle := s.idle
	s.idle, s.closed = nil, true
	s.open -= len(idle)
	s.mu.Unlock()
	for _, p := range idle {
		p.close()
	}
}

// Open is how many pipes are open, idle ones included.
func (s *Pipes) Open() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(s.open)
}

// Out is how many pipes are taken and not yet given back; tests assert that it
// returns to zero.
func (s *Pipes) Out() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(s.open - len(s.idle))
}
