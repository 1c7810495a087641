package listener

import (
	"context"
	"net"
	"sync"
)

// Several is a net.Listener at several addresses, to which more may be added while
// it is used: a connection's local end says which it came by. Each has a goroutine
// that accepts and hands over; what nobody takes stays in the kernel's queues.
type Several struct {
	first net.Listener
	came  chan accepted
	done  chan struct{} // closed by Close
	work  sync.WaitGroup

	mu     sync.Mutex // guards what follows
	all    map[string]net.Listener
	closed bool
}

// accepted is what one Accept has returned.
type accepted struct {
	conn net.Conn
	err  error
}

// NewSeveral begins with first, whose address is told as that of all.
func NewSeveral(first net.Listener) *Several {
	s := &Several{first: first, came: make(chan accepted), done: make(chan struct{}), all: map[string]net.Listener{}}
	s.add(first)
	return s
}

// Add listens on address ("host:port"), too. It does nothing where that is done.
func (s *Several) Add(ctx context.Context, address string) error {
	s.mu.Lock()
	_, there := s.all[address]
	closed := s.closed
	s.mu.Unlock()
	switch {
	case closed:
		return net.ErrClosed
	case there:
		return nil
	}
	ln, err := Bind(ctx, address)
	if err != nil {
		return err
	}
	if !s.take(address, ln) {
		ln.Close()
	}
	return nil
}

// add is take of a listener by its own address.
func (s *Several) add(ln net.Listener) { s.take(ln.Addr().String(), ln) }

// take accepts from ln, unless it is too late for that.
func (s *Several) take(address string, ln net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.all[address]; there || s.closed {
		return false
	}
	s.all[address] = ln
	s.work.Go(func() { s.run(ln) })
	return true
}

// run hands over what ln accepts until Close.
func (s *Several) run(ln net.Listener) {
	for {
		conn, err := ln.Accept()
		if err != nil && s.over() {
			return
		}
		select {
		case s.came <- accepted{conn, err}:
		case <-s.done:
			if conn != nil {
				conn.Close()
			}
			return
		}
	}
}

// over tells whether nobody wants to hear of errors any more.
func (s *Several) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// Accept is net.Listener's.
func (s *Several) Accept() (net.Conn, error) {
	select {
	case a := <-s.came:
		return a.conn, a.err
	case <-s.done:
		return nil, net.ErrClosed
	}
}

// Close listens nowhere any more, and waits for the goroutines.
func (s *Several) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return net.ErrClosed
	}
	s.closed = true
	close(s.done)
	for _, ln := range s.all {
		ln.Close()
	}
	s.mu.Unlock()
	s.work.Wait()
	return nil
}

// Addr is the address of the first.
func (s *Several) Addr() net.Addr { return s.first.Addr() }
