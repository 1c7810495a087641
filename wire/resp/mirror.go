package resp

import (
	"context"
	"net"
	"slices"
	"sync"
	"time"

	"sidecar"
	"sidecar/sock"
	"sidecar/varz"
)

const (
	// maxMirrored is how many bytes of copies wait at most. A target that is
	// slower than its original would else take all memory.
	maxMirrored = 4 << 20
	// mirrorAgain is how long a mirror waits after its connection has ended.
	mirrorAgain = time.Second
)

// Mirror has an upstream execute what another one has: writes are copied once
// they were answered without an error, in the order of their replies. Nobody waits
// for a copy: those that find no room are dropped and counted. What stands in a
// transaction, and what scripts write, is not copied.
//
// Copies go through a server of this package, as a client's commands do, so that
// they are split and redirected as the target needs it.
type Mirror struct {
	sent, dropped, failed *varz.Counter // commands
	copiers               sync.Pool
	wake                  chan struct{}

	mu      sync.Mutex
	waiting []byte
	spare   []byte // what waiting was before, to be used again
	many    int    // commands in waiting
}

// NewMirror makes one to the upstream of that name.
func NewMirror(r *varz.Registry, to string) *Mirror {
	s := varz.Source{Service: to}
	m := &Mirror{sent: r.Counter(varz.RedisMirrored, s), dropped: r.Counter(varz.RedisMirrorDropped, s), failed: r.Counter(varz.RedisMirrorErrors, s), wake: make(chan struct{}, 1)}
	m.copiers.New = func() any { return &copier{mirror: m} }
	return m
}

// Layer copies the writes that go through it.
func (m *Mirror) Layer(next sidecar.Service) sidecar.Service {
	return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		call, ok := x.Msg.(*Call)
		if !ok || !call.Mixed && !call.Row.Writes() {
			return next.Do(ctx, x)
		}
		c := m.copiers.Get().(*copier)
		c.call, c.inner = call, call.Replies
		call.Replies = c
		err := next.Do(ctx, x)
		call.Replies = c.inner
		c.call, c.inner = nil, nil
		m.copiers.Put(c)
		return err
	})
}

// copier sees the replies to one call before they are given on: what was refused
// is not copied, nor what will be done again elsewhere.
type copier struct {
	mirror *Mirror
	call   *Call
	inner  Replier
	burst  Burst
}

// Replies gives the replies on and copies what they are to.
func (c *copier) Replies(x *sidecar.Exchange, b []byte, errors int) *sidecar.Fault {
	f := c.inner.Replies(x, b, errors)
	if errors == 0 && !c.call.Mixed {
		c.mirror.put(c.call.Requests, c.call.Awaited)
		return f
	}
	requests := c.call.Requests
	if c.burst.Read(requests) == nil {
		for i := range c.burst.Commands() {
			command := &c.burst.Commands()[i]
			n, p := WalkReply(b)
			if p != nil {
				break
			}
			row := Of(requests, c.burst.Args(command))
			if row != nil && row.Writes() && !IsError(b) {
				c.mirror.put(requests[command.Start:command.End], 1)
			}
			b = b[n:]
		}
	}
	c.burst.Next()
	return f
}

// put has n commands wait, if there is room.
func (m *Mirror) put(b []byte, n int) {
	m.mu.Lock()
	room := len(m.waiting)+len(b) <= maxMirrored
	if room {
		m.waiting = append(m.waiting, b...)
		m.many += n
	}
	m.mu.Unlock()
	if !room {
		m.dropped.Add(uint64(n))
		return
	}
	select {
	case m.wake <- struct{}{}:
	default: // it is awake
	}
}

// take is what waits, valid until the next call.
func (m *Mirror) take() (b []byte, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, n = m.waiting, m.many
	m.waiting, m.many = m.spare[:0], 0
	if m.spare = b[:0]; cap(b) > keptReplies {
		m.spare = nil
	}
	return b, n
}

// Run sends the copies through srv until ctx ends.
func (m *Mirror) Run(ctx context.Context, srv *Server) {
	for ctx.Err() == nil {
		m.connection(ctx, srv)
		select {
		case <-ctx.Done():
		case <-time.After(mirrorAgain):
		}
	}
}

// connection sends copies as a client of srv, until that ends.
func (m *Mirror) connection(ctx context.Context, srv *Server) {
	ctx, cancel := context.WithCancel(ctx)
	ours, theirs := net.Pipe()
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		ours.Close()
		theirs.Close()
	})
	defer stop()
	work.Go(func() {
		defer cancel()
		srv.NewClient(sock.New(theirs)).Serve(ctx)
	})
	work.Go(func() {
		defer cancel()
		m.read(ours)
	})
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.wake:
		}
		b, n := m.take()
		if len(b) == 0 {
			continue
		}
		if _, err := ours.Write(b); err != nil {
			m.dropped.Add(uint64(n))
			return
		}
		m.sent.Add(uint64(n))
	}
}

// read reads the replies to copies, of which only errors count.
func (m *Mirror) read(c net.Conn) {
	var w Walker
	w.Start(maxMirrored)
	buf := make([]byte, 4<<10)
	n := 0
	for {
		k, err := c.Read(buf[n:])
		if n += k; err != nil {
			return
		}
		for n > 0 {
			end, p := w.Walk(buf[:n])
			if p == More {
				break
			}
			if p != nil {
				return
			}
			if IsError(buf[:end]) {
				m.failed.Inc()
			}
			n = copy(buf, buf[end:n])
			w.Start(maxMirrored)
		}
		if n == len(buf) { // writes have short replies; the longest is a list of what was popped
			if n >= maxMirrored {
				return
			}
			buf = slices.Grow(buf, n)[:2*n]
		}
	}
}
