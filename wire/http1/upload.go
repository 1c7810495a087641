package http1

import (
	"errors"
	"io"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/patience"
)

// upload is the request's body: whole in memory when the exchange begins, or
// still coming, in which case a helper goroutine (pump) brings it across while
// the owner waits for the reply.
type upload struct {
	mode   bodyMode
	left   int64  // bodyLength: bytes still to come from the client
	chunks chunks // bodyChunked: the framing up to here
	held   []byte // what has come, from the first byte, as long as kept
	own    bool   // held is a buffer of its own and not a view of the message's
	kept   bool   // held has everything that has come
	done   bool   // everything has come
	broken bool   // what came last breaks the framing: nothing is read behind it
	over   []byte // bytes read behind its end: the next request
	moved  int64  // bytes taken from the client
}

// start sets the upload to the body that the head announces. rest is what was
// read behind the head; the bytes of it that belong to the body are counted.
func (u *upload) start(r *request, rest []byte) (n int, err *problem) {
	chunks := u.chunks
	chunks.reset()
	*u = upload{chunks: chunks, kept: true}
	switch {
	case r.chunked:
		u.mode = bodyChunked
	case r.length > 0:
		u.mode, u.left = bodyLength, r.length
	default:
		u.done = true
		return 0, nil
	}
	n, err = u.consume(rest)
	u.held = rest[:n:n]
	return n, err
}

// consume follows the body over bytes that came: n of them belong to it.
func (u *upload) consume(p []byte) (n int, err *problem) {
	if u.mode == bodyLength {
		n = int(min(u.left, int64(len(p))))
		u.left -= int64(n)
		u.done = u.left == 0
	} else {
		n, err = u.chunks.scan(p, nil)
		u.done = u.chunks.done()
	}
	u.broken = err != nil
	u.moved += int64(n)
	return n, err
}

// window is where the next bytes from the client go: behind what is held
// while that is within the server's limit and its room, else over it, and what
// was held is lost.
func (u *upload) window(srv *Server) []byte {
	limit, roomy := srv.held, true
	if u.kept {
		if !u.own {
			size := sock.SmallBuffer
			if u.mode == bodyLength && u.left > sock.SmallBuffer { // a call more for each doubling
				size = sock.LargeBuffer
			}
			roomy = u.grow(srv, max(len(u.held)+1, size))
		} else if len(u.held) == cap(u.held) && cap(u.held) < limit {
			roomy = u.grow(srv, min(2*cap(u.held), limit))
		}
		if roomy && len(u.held) < min(cap(u.held), limit) {
			return u.clip(u.held[len(u.held):min(cap(u.held), limit)])
		}
		u.kept = false
	}
	// What is not our own yet is a long piece that came with the head; by now
	// it has been sent.
	return u.clip(u.held[:cap(u.held)])
}

// clip keeps a read within a body of known length, so that the next request
// stays in the socket.
func (u *upload) clip(p []byte) []byte {
	if u.mode == bodyLength && int64(len(p)) > u.left {
		return p[:u.left]
	}
	return p
}

// grow moves what is held to a buffer of at least size bytes; false if the
// process holds as much as it may.
func (u *upload) grow(srv *Server, size int) bool {
	b := srv.room.Take(srv.bufs, size)
	if b == nil {
		return false
	}
	n := copy(b, u.held)
	u.release(srv)
	u.held, u.own = b[:n], true
	return true
}

// release gives the buffer back. What lies in over must have been saved.
func (u *upload) release(srv *Server) {
	if u.own {
		srv.room.Give(srv.bufs, u.held)
	}
	u.held, u.own = nil, false
}

// pump is the helper that sends a request's body while its owner waits for the
// reply. One exists for at most the time of one try.
type pump struct {
	m       *message
	x       *sidecar.Exchange
	first   []byte // to be sent first
	out     int64  // bytes sent
	done    chan struct{}
	last    atomic.Bool // what is being written is the last of it
	used    bool        // it was started in this try
	running bool
	awaits  bool           // it ended in the wait for the client
	client  *sidecar.Fault // what the client did wrong, if that ended it
	sent    bool           // everything was sent
	err     error          // of the last write
}

// run sends first, then the body as it comes. It ends when all is sent, when
// the backend takes no more (the owner will read why), or when the client
// fails, of which it tells the owner by an interrupt.
func (p *pump) run() {
	p.sent = p.copy()
	if p.m.up.done {
		// Also where its last write failed: a try that follows has it whole,
		// and the time that was left would end its wait for the reply.
		p.settled()
	}
	if p.client != nil {
		p.x.Interrupt(p.x.Gen(), sidecar.ClientGone)
	}
	p.done <- struct{}{}
}

func (p *pump) copy() bool {
	u := &p.m.up
	p.last.Store(u.done)
	if !p.write(p.first) {
		return false
	}
	for spliced := false; !u.done; {
		if !spliced && (!u.kept || len(u.held) >= p.m.srv.held) { // once: what it leaves is copied
			spliced = true
			if !p.splice() {
				return false
			}
			continue
		}
		w := u.window(p.m.srv)
		p.awaits = true
		n, err := p.m.client.Read(w)
		if err != nil {
			p.client = clientFault(err)
			return false
		}
		k, bad := u.consume(w[:n])
		if bad != nil {
			p.client = badRequest(bad)
			return false
		}
		if u.kept {
			u.held = u.held[:len(u.held)+k]
		}
		u.over = w[k:n]
		p.took(u.done)
		if !p.write(w[:k]) {
			return false
		}
	}
	return true
}

// took notes that bytes came from the client, the last ones if done. Whatever
// becomes of their write: a try that follows needs the time.
func (p *pump) took(done bool) {
	now := sidecar.Now()
	p.awaits = false
	p.x.Moved(now)
	if done {
		p.x.RequestDone(now)
		p.last.Store(true)
	}
}

// settled ends the watch for stalls, unless the owner watches the reply's body
// by now. Replied is looked at again since it may come in between.
func (p *pump) settled() {
	if p.x.Replied() != 0 {
		return
	}
	p.x.Settled()
	if p.x.Replied() != 0 {
		p.x.Moved(sidecar.Now())
	}
}

// write sends b in pieces, each of which puts the stall off: a backend that
// takes a large body slowly takes it all the same.
func (p *pump) write(b []byte) bool {
	for len(b) > 0 {
		piece := b[:min(len(b), patience.MaxPiece)]
		n, err := p.m.backend.Write(piece, nil)
		p.err = err
		p.out += int64(n)
		if err != nil {
			return false
		}
		p.x.Moved(sidecar.Now())
		b = b[len(piece):]
	}
	return true
}

// start runs the pump beside its owner.
func (p *pump) start(first []byte) {
	if p.done == nil {
		p.done = make(chan struct{}, 1)
	}
	p.first, p.used, p.running = first, true, true
	go p.run()
}

// stop ends the pump and waits for it. Both sockets are left woken: the owner
// rearms them.
func (p *pump) stop() {
	if !p.running {
		return
	}
	select {
	case <-p.done:
	default:
		p.m.Wake()
		<-p.done
	}
	p.running = false
}

// finished tells whether the pump has ended; true without one. The backend may
// answer the last byte before the pump is back from writing it, so a pump that
// is at its last write gets a moment: without it the reply would be taken for
// an early one, and both connections be closed.
func (p *pump) finished() bool {
	if !p.running {
		return true
	}
	select {
	case <-p.done:
		p.running = false
		return true
	default:
	}
	if !p.last.Load() {
		return false
	}
	moment := time.NewTimer(lastMoment)
	defer moment.Stop()
	select {
	case <-p.done:
		p.running = false
	case <-moment.C:
	}
	return !p.running
}

// clientFault is the fault of a client whose body could not be read. A woken
// read is the owner's doing and tells nothing.
func clientFault(err error) *sidecar.Fault {
	if errors.Is(err, sock.ErrWoken) {
		return nil
	}
	if err == io.EOF {
		return badRequest(errBodyEnd)
	}
	return &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromClient, Reason: sidecar.ClientLeft, Err: err}
}

// badRequest is the fault of a request that breaks the protocol.
func badRequest(p *problem) *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromClient | sidecar.Rejected, Reason: sidecar.BadRequest, Code: p.status, Err: p}
}
