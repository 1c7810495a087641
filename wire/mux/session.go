package mux

import (
	"context"
	"sync"
	"sync/atomic"

	"sidecar"
	"sidecar/sock"
)

// session is what a client needs while it is served. The goroutine that Serve
// runs on reads; requests run on goroutines of their own. It is pooled.
type session struct {
	srv    *Server
	cl     *Client
	x      sidecar.Exchange // of the reader's own waits
	alarms sock.Alarms
	taking sock.Timer // a slow client's
	in     []byte     // bytes from the client; in[r:w] are not used yet
	r, w   int
	parts  parts
	said   int64 // when the client said something last

	nudged  atomic.Bool
	signal  chan struct{}  // of one place: what the reader waits for besides bytes
	workers sync.WaitGroup // goroutines of requests and of the writer
	mu      sync.Mutex     // guards what follows
	under   under
	out     outbox
	takeBy  int64 // when the client must have taken something, 0: it need not
	ended   bool  // nothing is written any more
	terms
}

// under are the requests of a session.
type under struct {
	tags    tags
	free    []*flight // workers without a request
	running int       // requests under way, those included that were discarded
	markers uint32    // how many came that expect no reply
	last    int64     // when one ended last
	awaited bool      // the reader waits for the end of them all
	leaving bool      // workers end
}

// terms are what client and server have agreed on; they outlive a session.
type terms struct {
	window int   // bytes of a fragment that the client asks for, 0: any
	asked  int64 // when it was sent a Tdrain
	agreed bool  // it answered by Rdrain, and sends nothing new
}

func newSession(srv *Server) *session {
	s := &session{srv: srv, signal: make(chan struct{}, 1)}
	s.alarms.Init(srv.p.Wheel, &s.x)
	s.taking.Init(srv.p.Wheel, s, 0)
	s.parts.bufs, s.parts.room = srv.p.Buffers, srv.p.Room
	return s
}

// outcome is what came of a wait for the client.
type outcome uint8

const (
	going  outcome = iota // there is more to do
	silent                // nothing is under way: the connection can be parked
	over                  // the client has ended
	parted                // it is to end, and has what it is to get
)

// Serve runs the session until it is closed (false) or has been idle for
// ParkAfter (true: nothing is held or under way; call Serve again when bytes
// come). It closes the connection itself.
func (cl *Client) Serve(ctx context.Context) bool {
	s := cl.take()
	defer cl.put(s)
	for {
		switch s.next(ctx) {
		case going:
			continue
		case silent:
			return true
		case parted:
			s.linger()
		}
		s.close()
		return false
	}
}

// take gives the client the state of an active session, put ends it.
func (cl *Client) take() *session {
	s := cl.srv.sessions.Get().(*session)
	s.cl = cl
	s.in, s.r, s.w = cl.srv.p.Buffers.Small(), 0, 0
	now := sidecar.Now()
	s.x.Begin(nil, &s.alarms, now)
	s.said = now
	s.mu.Lock()
	s.ended, s.under.leaving, s.under.last = false, false, now
	s.mu.Unlock()
	cl.mu.Lock()
	s.terms = cl.terms
	cl.act = s
	cl.mu.Unlock()
	if cl.srv.draining.Load() {
		s.askToGo()
	}
	return s
}

func (cl *Client) put(s *session) {
	cl.mu.Lock()
	cl.act = nil
	cl.terms = s.terms
	cl.mu.Unlock()
	s.mu.Lock()
	s.under.leaving = true
	for _, f := range s.under.free {
		f.next <- false
	}
	s.under.free = s.under.free[:0]
	s.mu.Unlock()
	s.workers.Wait()
	s.out.reset()
	s.x.End()
	s.parts.forget()
	cl.srv.p.Buffers.Put(s.in[:cap(s.in)])
	s.in, s.cl = nil, nil
	s.nudged.Store(false)
	select {
	case <-s.signal:
	default:
	}
	cl.srv.sessions.Put(s)
}

// close closes the connection. What is still in flight has nobody to be answered.
func (s *session) close() {
	s.mute()
	s.cl.c.Close()
	s.interrupt(sidecar.ClientGone)
}

// mute has nothing written any more.
func (s *session) mute() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.ended = true
	s.srv.unsent.Add(-int64(s.out.counted))
	s.out.counted = 0
}

// interrupt ends the waits of all that is in flight.
func (s *session) interrupt(c sidecar.Cause) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.under.tags.each(func(f *flight) { f.x.Interrupt(f.gen, c) })
}

// askToGo sends the client a Tdrain, once.
func (s *session) askToGo() {
	s.mu.Lock()
	if s.asked != 0 {
		s.mu.Unlock()
		return
	}
	s.asked = sidecar.Now()
	s.out.pending = appendEmpty(s.out.pending, tdrain, controlTag)
	s.flush(nil)
}

// nudge has the reader look whether it is to go on as it does.
func (s *session) nudge() {
	s.nudged.Store(true)
	s.x.Interrupt(s.x.Gen(), sidecar.Draining)
}

// Wake ends the reader's wait, for bytes or for tell.
func (s *session) Wake() {
	s.cl.c.WakeRead()
	s.tell()
}

// tell ends the reader's wait for something else than bytes.
func (s *session) tell() {
	select {
	case s.signal <- struct{}{}:
	default:
	}
}

// quiet tells whether nothing is under way, with s.mu held.
func (s *session) quiet() bool { return s.under.running == 0 && !s.out.busy }
