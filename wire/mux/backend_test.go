package mux

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
	"sidecar/sock"
	"sidecar/varz"
)

// backend is the far end of a connection, which a test plays.
type backend struct {
	t  *testing.T
	nc net.Conn
}

// expect reads the next frame, which must be of that kind.
func (b *backend) expect(k kind) frame {
	b.t.Helper()
	f, err := b.next()
	if err != nil {
		b.t.Fatalf("awaiting %d: %v", k, err)
	}
	if f.kind != k {
		b.t.Fatalf("got a message of kind %d %q, want %d", f.kind, f.body, k)
	}
	return f
}

func (b *backend) next() (frame, error) {
	var size [4]byte
	if _, err := io.ReadFull(b.nc, size[:]); err != nil {
		return frame{}, err
	}
	p := make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err := io.ReadFull(b.nc, p); err != nil {
		return frame{}, err
	}
	f, bad := readMessage(p)
	if bad != nil {
		return frame{}, bad
	}
	return f, nil
}

func (b *backend) say(p []byte) {
	b.t.Helper()
	if _, err := b.nc.Write(p); err != nil {
		b.t.Fatal(err)
	}
}

// greet answers the handshake; window 0 says nothing of fragments.
func (b *backend) greet(window int) greeting {
	b.t.Helper()
	b.expect(rerr)
	b.say(appendError(nil, controlTag, initCheck))
	g, bad := readInit(b.expect(tinit).body)
	if bad != nil {
		b.t.Fatal(bad)
	}
	b.say(appendInit(nil, rinit, controlTag, window))
	return g
}

// answer answers with an Rdispatch.
func (b *backend) answer(tag uint32, r Reply) {
	b.t.Helper()
	b.say(appendFrames(nil, rdispatch, tag, 0, r.appendReplyHead(nil), r.Payload))
}

// caller is where replies go.
type caller struct {
	r   Reply
	got int
}

func (c *caller) Reply(_ *sidecar.Exchange, r *Reply) *sidecar.Fault {
	c.got++
	c.r = Reply{Status: r.Status, Contexts: bytes.Clone(r.Contexts), Payload: bytes.Clone(r.Payload)}
	return nil
}

// rig is a dialler with its one connection and the backend.
type rig struct {
	t      *testing.T
	dialer *Dialer
	reg    *varz.Registry
	bufs   *sock.Buffers
	room   *sock.Room
	wheel  *sock.Wheel
	now    func() int64
	work   sync.WaitGroup
}

func newRig(t *testing.T, change func(*DialSettings), dial func() net.Conn) *rig {
	begin := time.Now()
	r := &rig{t: t, reg: new(varz.Registry), bufs: sock.NewBuffers(), room: sock.NewRoom(8 << 20)}
	r.now = func() int64 { return int64(time.Since(begin)) + 1 }
	r.wheel = sock.NewWheel(r.now)
	set := DialSettings{PingPeriod: 5 * time.Second, PingTimeout: 4 * time.Second, MaxFrame: 1 << 20, Window: 64 << 10}
	if change != nil {
		change(&set)
	}
	r.dialer = NewDialer(DialParams{
		Dial:  func(context.Context, string, string) (net.Conn, error) { return dial(), nil },
		Wheel: r.wheel, Buffers: r.bufs, Room: r.room, Now: r.now, Stats: NewConnStats(r.reg, "users"),
	}, set)
	return r
}

// inBubble runs f with a connection in virtual time. What f leaves open ends.
func inBubble(t *testing.T, window int, change func(*DialSettings), f func(r *rig, c *Conn, b *backend)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		b := &backend{t: t, nc: there}
		r := newRig(t, change, func() net.Conn { return here })
		greeted := make(chan struct{})
		go func() {
			if window >= 0 {
				b.greet(window)
			} else {
				b.expect(rerr)
				b.say(appendError(nil, controlTag, "what is that"))
			}
			close(greeted)
		}()
		c, err := r.dialer.Connect(context.Background(), "a:1")
		if err != nil {
			t.Fatal(err)
		}
		<-greeted
		f(r, c, b)
		there.Close()
		r.end(c)
	})
}

func (r *rig) end(c *Conn) {
	r.work.Wait()
	c.Close()
	r.wheel.Wait()
	if u := r.dialer.Usage(); u.Conns != 0 {
		r.t.Errorf("left: %+v", u)
	}
	if n := r.bufs.Out(); n != 0 {
		r.t.Errorf("%d buffers were not given back", n)
	}
	if n := r.room.Used(); n != 0 {
		r.t.Errorf("%d bytes of room were not given back", n)
	}
}

// count is the value of a counter.
func (r *rig) count(d *varz.Desc) uint64 {
	return r.reg.Counter(d, varz.Source{Service: "users"}).Value()
}

// asked is a call under way.
type asked struct {
	x    *sidecar.Exchange
	call *Call
	to   *caller
	done chan error
}

func (r *rig) ask(c *Conn, call *Call) *asked {
	a := r.ready(call)
	r.work.Go(func() { a.done <- c.Do(context.Background(), a.x) })
	return a
}

func (r *rig) ready(call *Call) *asked {
	a := &asked{x: new(sidecar.Exchange), call: call, to: new(caller), done: make(chan error, 1)}
	call.Replies = a.to
	a.x.Begin(call, nil, sidecar.Now())
	a.x.RequestDone(sidecar.Now())
	a.x.Try("a:1", 1, sidecar.Now())
	return a
}

func (a *asked) fault() *sidecar.Fault {
	err := <-a.done
	if err == nil {
		return nil
	}
	return sidecar.FaultOf(err)
}
