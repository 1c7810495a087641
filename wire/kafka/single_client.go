package kafka

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/patience"
)

// SingleClient is one client's connection. Its goroutine reads requests; one writes
// answers, and one for each broker that it writes to asks that. They end before
// Serve does.
type SingleClient struct {
	srv  *Single
	set  *SingleSettings
	c    *sock.Conn
	ip   []byte
	soft atomic.Bool // it is to end with what it is owed
	hard atomic.Bool // the grace is over
	dead atomic.Bool // it takes no more, or cannot be told what it should be

	owed atomic.Int64 // requests that were taken and not answered

	in, out waiter
	named   bool   // it has said what program it is
	buf     []byte // what came and is not used: buf[r:w]; nil: none
	r, w    int
	asked   chan *pending
	lanes   map[int32]*lane
	mu      sync.Mutex // of lanes against those who stop them
	running sync.WaitGroup
}

// anyBroker is the lane of what every broker answers alike.
const anyBroker int32 = -1

// Serve runs the connection until it is closed; it is never idle.
func (cl *SingleClient) Serve(ctx context.Context) (idle bool) {
	cl.set = cl.srv.set.Load()
	cl.asked = make(chan *pending, maxPending)
	var written sync.WaitGroup
	written.Go(func() { cl.answer(ctx) })
	f := cl.readAll(ctx)
	if f != nil {
		cl.refused(&cl.in.x, f)
	}
	owed := cl.owed.Load() > 0
	close(cl.asked)
	written.Wait()
	cl.endLanes()
	cl.free()
	cl.in.x.End()
	cl.out.x.End()
	if f != nil || cl.dead.Load() {
		_ = cl.c.Abort()
		return false
	}
	if owed && cl.drains() {
		cl.linger()
	}
	cl.c.Close()
	return false
}

// refused tells of what ended the client.
func (cl *SingleClient) refused(x *sidecar.Exchange, f *sidecar.Fault) {
	cl.srv.params.Stats.refused(f)
	if cl.srv.params.Refused != nil {
		cl.srv.params.Refused(x, string(cl.ip), f)
	}
}

// linger gives the client the time to take its last answers: a connection closed
// over bytes that nobody read is reset, and answers with it, upon which a producer
// would send again what has been written.
func (cl *SingleClient) linger() {
	if cl.hard.Load() || cl.c.CloseWrite() != nil {
		return
	}
	b := cl.srv.params.Buffers.Large()
	defer cl.srv.params.Buffers.Put(b)
	cl.in.begin(patience.LingerQuiet)
	for end := cl.in.x.Now() + int64(patience.LingerTime); !cl.hard.Load() && cl.in.x.Now() < end; {
		if _, err := cl.in.read(cl.c, b); err != nil {
			break
		}
	}
	cl.in.x.End()
}

// Drain asks the connection to end: hard now, otherwise with the answers it is owed.
func (cl *SingleClient) Drain(hard bool) {
	cl.soft.Store(true) // before the wait is ended, see drains
	if hard {
		cl.hard.Store(true)
		cl.kill()
	}
	cl.in.x.Interrupt(cl.in.x.Gen(), sidecar.Draining)
}

// kill ends everything that is under way for the client.
func (cl *SingleClient) kill() {
	cl.dead.Store(true)
	cl.out.x.Interrupt(cl.out.x.Gen(), sidecar.ClientGone)
	cl.in.x.Interrupt(cl.in.x.Gen(), sidecar.ClientGone)
	cl.mu.Lock()
	defer cl.mu.Unlock()
	for _, l := range cl.lanes {
		l.stop()
	}
}

// drains tells whether the connection is to end. It is looked at behind the begin
// of each wait, and the flags are set before the wait is ended, so that one of the
// two sees the other.
func (cl *SingleClient) drains() bool {
	return cl.soft.Load() || cl.dead.Load() || cl.srv.draining.Load()
}

// laneTo is the lane to a node, which it begins if there is none.
func (cl *SingleClient) laneTo(ctx context.Context, node int32) *lane {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	l := cl.lanes[node]
	if l == nil {
		l = cl.newLane(node)
		l.stops.Store(cl.dead.Load())
		cl.lanes[node] = l
		cl.running.Go(func() { l.run(ctx) })
	}
	return l
}

func (cl *SingleClient) endLanes() {
	cl.mu.Lock()
	for _, l := range cl.lanes {
		close(l.jobs)
		l.stop()
	}
	cl.mu.Unlock()
	cl.running.Wait()
}

// readAll takes requests until the client has ended, or a fault.
func (cl *SingleClient) readAll(ctx context.Context) *sidecar.Fault {
	for {
		h, frame, f := cl.next()
		if frame == nil {
			return f
		}
		if f := cl.take(ctx, h, frame); f != nil {
			return f
		}
	}
}

// next waits for a request, whole. No frame: there are to be no more, in good order
// without a fault.
func (cl *SingleClient) next() (Head, []byte, *sidecar.Fault) {
	if cl.r == cl.w && !cl.awaitFirst() {
		return Head{}, nil, nil
	}
	h, f := cl.head()
	if f != nil {
		return h, nil, f
	}
	frame, f := cl.whole(SizeLen + h.Size)
	return h, frame, f
}

// whole is the next total bytes. Memory is taken as they come, not as their length
// word promises them.
func (cl *SingleClient) whole(total int) ([]byte, *sidecar.Fault) {
	frame := cl.srv.take(min(total, sock.LargeBuffer))
	n := copy(frame, cl.buf[cl.r:cl.w])
	if cl.r += n; cl.r == cl.w {
		cl.free()
	}
	cl.in.begin(cl.set.StallTimeout)
	for n < total {
		if n == len(frame) {
			if frame = cl.srv.grown(frame, n, min(total, 4*n)); frame == nil {
				return nil, noSpace()
			}
		}
		m, err := cl.in.read(cl.c, frame[n:])
		if err != nil || cl.dead.Load() {
			cl.srv.give(frame)
			return nil, cl.cut(err)
		}
		n += m
	}
	return frame, nil
}

// awaitFirst waits for the first bytes of a request, without a buffer where that can
// be.
func (cl *SingleClient) awaitFirst() bool {
	for {
		cl.in.begin(cl.set.IdleTimeout)
		if cl.drains() {
			return false
		}
		if cl.in.await(cl.c) != nil {
			return false
		}
		cl.hold()
		n, err := cl.in.read(cl.c, cl.buf)
		if n > 0 {
			cl.r, cl.w = 0, n
			return true
		}
		cl.free()
		if err != nil {
			if err == io.EOF && cl.set.CancelOnFIN {
				cl.kill()
			}
			return false
		}
	}
}

// head takes the request's head, whose first bytes are there.
func (cl *SingleClient) head() (Head, *sidecar.Fault) {
	cl.in.begin(cl.set.HeaderTimeout)
	for {
		h, p := ParseHead(cl.buf[cl.r:cl.w], cl.set.MaxRequest)
		switch {
		case p == nil:
			return h, nil
		case p != More:
			return h, badRequest(p)
		}
		cl.w = copy(cl.buf, cl.buf[cl.r:cl.w])
		cl.r = 0
		n, err := cl.in.read(cl.c, cl.buf[cl.w:])
		if err != nil || cl.dead.Load() {
			return h, cl.cut(err)
		}
		cl.w += n
	}
}

// cut is the fault of a request that did not come whole. What was asked before is
// given up, too: its sender is gone or ill.
func (cl *SingleClient) cut(err error) *sidecar.Fault {
	timed := err == sock.ErrWoken && cl.in.x.Pending() == sidecar.Stalled
	cl.kill()
	if timed {
		return sidecar.Stalled.Fault(sidecar.StageRead)
	}
	return sidecar.ClientGone.Fault(sidecar.StageRead)
}

func (cl *SingleClient) hold() {
	if cl.buf == nil {
		cl.buf, cl.r, cl.w = cl.srv.params.Buffers.Large(), 0, 0
	}
}

func (cl *SingleClient) free() {
	if cl.buf != nil {
		cl.srv.params.Buffers.Put(cl.buf)
	}
	cl.buf, cl.r, cl.w = nil, 0, 0
}
