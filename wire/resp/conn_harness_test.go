package resp

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync"
	"testing"

	"sidecar"
	"sidecar/sock"
)

// lab is a dialer with what it takes, and servers for it.
type lab struct {
	*Dialer
	t     testing.TB
	bufs  *sock.Buffers
	room  *sock.Room
	wheel *sock.Wheel
	work  sync.WaitGroup
	plain bool // the net.Conn path
}

func newLab(t testing.TB, s DialSettings) *lab {
	if s.MaxReply == 0 {
		s.MaxReply = DefaultMaxReply
	}
	l := &lab{t: t, bufs: sock.NewBuffers(), room: sock.NewRoom(64 << 20), wheel: sock.NewWheel(sidecar.Now)}
	l.Dialer = NewDialer(DialParams{
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, address)
			if err == nil && l.plain {
				c = struct{ net.Conn }{c}
			}
			return c, err
		},
		Wheel: l.wheel, Buffers: l.bufs, Room: l.room, Now: sidecar.Now,
	}, s)
	t.Cleanup(func() {
		l.work.Wait()
		if n, used := l.bufs.Out(), l.room.Used(); n != 0 || used != 0 {
			t.Errorf("%d buffers and %d bytes of the room were not given back", n, used)
		}
		if u := l.Usage(); u != (Usage{}) {
			t.Errorf("left: %+v", u)
		}
	})
	return l
}

// serve runs a server that gives each of its connections to serve, which returns
// at its end; the connection is closed then.
func (l *lab) serve(serve func(c net.Conn)) (address string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { ln.Close() })
	l.work.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			l.work.Go(func() {
				defer c.Close()
				serve(c)
			})
		}
	})
	return ln.Addr().String()
}

// open dials a shared connection, which the test's end closes.
func (l *lab) open(address string) *Conn {
	l.t.Helper()
	c, err := l.Connect(l.t.Context(), address, RESP2)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(c.Close)
	return c
}

// openAlone dials an exclusive one.
func (l *lab) openAlone(address string) *Exclusive {
	l.t.Helper()
	c, err := l.ConnectExclusive(l.t.Context(), address)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(c.Close)
	return c
}

// server answers commands: the greeting with +OK, others by reply.
func server(reply func(c net.Conn, args [][]byte) []byte) func(net.Conn) {
	return func(c net.Conn) {
		var burst Burst
		buf, n := make([]byte, 1<<20), 0
		for {
			k, err := c.Read(buf[n:])
			if err != nil {
				return
			}
			n += k
			var out []byte
			used := 0
			for {
				args, size := oneCommand(&burst, buf[used:n])
				if size == 0 {
					break
				}
				used += size
				switch {
				case isWord(args[0], "client"), isWord(args[0], "hello"), isWord(args[0], "auth"):
					out = append(out, "+OK\r\n"...)
				default:
					out = append(out, reply(c, args)...)
				}
			}
			n = copy(buf, buf[used:n])
			if _, err := c.Write(out); err != nil {
				return
			}
		}
	}
}

// oneCommand is the command that b begins with and its size, 0 if it is not
// whole. Only arrays are understood.
func oneCommand(_ *Burst, b []byte) (args [][]byte, size int) {
	line := func() (n int64, ok bool) {
		i := bytes.Index(b[size:], crlf)
		if i < 1 {
			return 0, false
		}
		n, ok = number(b[size+1 : size+i])
		size += i + 2
		return n, ok
	}
	count, ok := line()
	for ; ok && count > 0; count-- {
		n, good := line()
		if !good || size+int(n)+2 > len(b) {
			return nil, 0
		}
		args = append(args, append([]byte(nil), b[size:size+int(n)]...))
		size += int(n) + 2
	}
	if !ok {
		return nil, 0
	}
	return args, size
}

// echoes answers a command with its last argument.
func echoes(_ net.Conn, args [][]byte) []byte { return AppendBulk(nil, args[len(args)-1]) }

// taken is a Replier that keeps what it is given.
type taken struct {
	b      []byte
	errors int
	calls  int
	wait   func(x *sidecar.Exchange)
}

func (r *taken) Replies(x *sidecar.Exchange, b []byte, errors int) *sidecar.Fault {
	r.b, r.errors = append(r.b[:0], b...), errors
	r.calls++
	if r.wait != nil {
		r.wait(x)
	}
	return nil
}

// ask is an exchange of commands, each given as its words.
type ask struct {
	x    sidecar.Exchange
	call Call
	took taken
}

func newAsk(commands ...[]string) *ask {
	a := new(ask)
	for _, words := range commands {
		a.call.Requests = AppendCommand(a.call.Requests, words...)
	}
	a.call.Awaited, a.call.Version = len(commands), RESP2
	a.call.Replies = &a.took
	if len(commands) > 0 {
		a.call.Row, a.call.Mixed = Lookup([]byte(commands[0][0]), nil), len(commands) > 1
	}
	a.begin()
	return a
}

func (a *ask) begin() {
	a.call.Begin()
	a.x.Begin(&a.call, nil, sidecar.Now())
	a.x.N = a.call.Awaited
}

// over performs it and gives the replies.
func (a *ask) over(s sidecar.Service) (string, *sidecar.Fault) {
	err := s.Do(context.Background(), &a.x)
	if err != nil {
		return "", sidecar.FaultOf(err)
	}
	return string(a.took.b), nil
}

// swallow reads what comes until the end.
func swallow(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
