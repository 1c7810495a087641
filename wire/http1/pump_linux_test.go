//go:build amd64 || arm64

package http1

import (
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/patience"
)

// splicing is a pump before the spliced part of a body, and the Alarm of its
// exchange: it notes how far the pump had come whenever its stall was put off,
// and then does what then says.
type splicing struct {
	pump
	bufs *sock.Buffers
	near *net.TCPConn // the client's connection
	outs []int64
	then func()
}

func (s *splicing) Arm(uint8, int64, uint64) {
	s.outs = append(s.outs, s.out)
	if s.then != nil {
		s.then()
	}
}

// newSplicing has a body of length bytes, which come at once and are taken at
// once, behind held ones that need not be held any more.
func newSplicing(t *testing.T, length int64) *splicing {
	far, client := connected(t)
	back, sink := connected(t)
	go flood(far, nil, length)
	go func() { _, _ = io.Copy(io.Discard, sink) }()
	s := &splicing{bufs: sock.NewBuffers(), near: client}
	srv := NewServer(Params{Buffers: s.bufs, Held: testHeld, Pipes: sock.NewPipes()}, settings())
	t.Cleanup(srv.pipes.Close)
	m := &message{srv: srv, client: sock.New(client), backend: sock.New(back)}
	m.up = upload{mode: bodyLength, left: length}
	m.up.held, m.up.own = s.bufs.Large(), true
	x := new(sidecar.Exchange)
	x.Begin(m, s, sidecar.Now())
	x.SetStall(int64(time.Hour))
	s.m, s.x = m, x
	s.outs = nil
	return s
}

// connected is both ends of a connection.
func connected(t *testing.T) (near, far *net.TCPConn) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	a, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	b, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return a.(*net.TCPConn), b.(*net.TCPConn)
}

// A backend that has taken a piece slowly must not be charged with it while the
// next one is awaited.
func TestSplicedUploadPutsTheStallOffBehindEachPiece(t *testing.T) {
	s := newSplicing(t, long)
	var behind, had int64
	s.then = func() {
		if s.m.up.moved == s.out && s.out > behind {
			behind, had = s.out, had+1
		}
	}
	if !s.splice() || s.out != long || s.m.up.moved != long {
		t.Fatalf("%d bytes went out, %v", s.out, s.err)
	}
	if behind != long || had < long/patience.MaxPiece {
		t.Errorf("put off %d times, the last time behind %d bytes", had, behind)
	}
}

func TestSplicedUploadGivesItsBufferBack(t *testing.T) {
	s := newSplicing(t, long)
	s.then = func() {
		if n := s.bufs.Out(); n != 0 {
			t.Errorf("%d buffers are held", n)
		}
		if s.m.Rewind() {
			t.Error("what is not held could be sent again")
		}
		s.then = nil
	}
	if !s.splice() {
		t.Error(s.err)
	}
}

// A connection that cannot be spliced any more in the middle of a body fails:
// there is no buffer to copy the rest through.
func TestSpliceThatIsRefusedInTheMiddleEnds(t *testing.T) {
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	s := newSplicing(t, long)
	s.then = func() {
		if s.out == 0 {
			return
		}
		s.then = nil
		s.become(t, dir)
	}
	if s.copy() || s.err != sock.ErrNoSplice || s.client != nil {
		t.Errorf("ended with %v, the client's fault %v", s.err, s.client)
	}
}

// become puts the file, which nothing can be spliced from, in the place of the
// client's connection.
func (s *splicing) become(t *testing.T, f *os.File) {
	raw, err := s.near.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = raw.Control(func(fd uintptr) { err = syscall.Dup3(int(f.Fd()), int(fd), syscall.O_CLOEXEC) })
	if err != nil {
		t.Fatal(err)
	}
}
