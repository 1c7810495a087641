package mux

import (
	"context"

	"sidecar"
	"sidecar/sock"
)

// flight is one request under way with the goroutine that it runs on: the
// session's reader fills it and hands it over, and goes on reading, since pings
// and other requests must not wait for a backend. Running the first request on
// the reader's goroutine would save nothing: another would have to read
// meanwhile, and to be woken for it.
type flight struct {
	srv     *Server
	s       *session
	x       sidecar.Exchange
	alarms  sock.Alarms
	call    Call
	tag     uint32
	key     uint32 // the tag, or a number of its own if no reply is expected
	old     bool   // it came as a Treq and is answered by an Rreq
	buf     []byte // holds the body, of the session's buffers
	trace   []byte // the contexts of a Treq
	gen     sidecar.Gen
	next    chan bool // of one place: true, a request was handed over; false: end
	text    []byte    // of an error
	settled bool      // answered or discarded, nothing more may be written; guarded by s.mu
}

func newFlight(srv *Server, forks *Forks) *flight {
	f := &flight{srv: srv, next: make(chan bool, 1)}
	f.alarms.Init(srv.p.Wheel, &f.x)
	f.call.Labels = srv.p.Labels
	f.call.Replies = f
	f.call.Hedged(forks)
	return f
}

// work runs requests until the session has no more use for it.
func (f *flight) work(ctx context.Context) {
	s := f.s
	defer s.workers.Done()
	for {
		err := f.srv.p.Handler.Do(ctx, &f.x)
		f.over(err)
		if !s.rest(f) || !<-f.next {
			break
		}
	}
	f.s, f.call.Client = nil, nil
	f.srv.flights.Put(f)
}

// rest ends a request of the session; it tells whether f is to wait for the
// next.
func (s *session) rest(f *flight) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := &s.under
	u.running--
	u.last = f.x.Now()
	if u.running == 0 {
		if u.awaited {
			s.tell()
		}
		if s.agreed {
			s.nudge()
		}
	}
	if u.leaving || len(u.free) >= keepWorkers {
		return false
	}
	u.free = append(u.free, f)
	return true
}

// over ends the exchange, and answers it if nobody has.
func (f *flight) over(err error) {
	x := &f.x
	s := f.s
	s.mu.Lock()
	if f.settled {
		s.mu.Unlock()
	} else {
		r := Reply{} // a oneway call has no more to say
		if err != nil {
			r = f.failure(sidecar.FaultOf(err))
		}
		f.answer(&r)
	}
	x.End()
	f.srv.p.Room.Give(f.srv.p.Buffers, f.buf)
	f.buf = nil
	c := &f.call
	c.Contexts, c.Dest, c.Dtab, c.Payload = nil, nil, nil, nil
	c.Begin()
}

// Reply writes r to the client. Of a call that is sent by two it runs on the
// goroutine of the one that has won.
func (f *flight) Reply(_ *sidecar.Exchange, r *Reply) *sidecar.Fault {
	s := f.s
	s.mu.Lock()
	if f.settled || s.ended {
		s.mu.Unlock()
		return &sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.FromClient, Reason: sidecar.ClientLeft}
	}
	f.answer(r)
	return nil
}

// answer settles the request by r, with s.mu held, which it gives back. The tag
// is free before the first byte of the reply leaves: the client may use it again
// as soon as it has that.
func (f *flight) answer(r *Reply) {
	s := f.s
	f.settled = true
	s.under.tags.remove(f)
	if f.tag == markerTag || s.ended {
		s.mu.Unlock()
		return
	}
	if f.old {
		s.sendReply(rreq, f.tag, []byte{byte(r.Status)}, nil, r.Payload)
		return
	}
	s.sendReply(rdispatch, f.tag, []byte{byte(r.Status)}, r.Contexts, r.Payload)
}
