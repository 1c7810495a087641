package shared

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidecar"
	"sidecar/sock"
)

// The protocol of these tests: a frame is length, number of the slot, the
// number of the client and a text. The length counts what is behind it; its
// first bit says that more of the message comes in a further frame. An answer
// has the same form. Number 0xffffffff is a notice, whose text is a number that
// nobody waits for any more.
const (
	headLen = 12
	more    = 1 << 31
	notice  = 1<<32 - 1
)

func frame(number, client int, text []byte, flags uint32) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(text)+8)|flags)
	b = binary.BigEndian.AppendUint32(b, uint32(number))
	b = binary.BigEndian.AppendUint32(b, uint32(client))
	return append(b, text...)
}

// line is a connection with its speaker.
type line struct {
	*Conn
	tends  func(now int64) int64
	strays atomic.Int64
}

func (l *line) Tend(now int64) int64 {
	if l.tends == nil {
		return 0
	}
	return l.tends(now)
}

func (l *line) Received(b []byte) (int, error) {
	used := 0
	for len(b)-used >= 4 {
		word := binary.BigEndian.Uint32(b[used:])
		n := int(word &^ more)
		if n < 4 || n > 1<<20 {
			return used, errors.New("bad length")
		}
		if len(b)-used < 4+n {
			break
		}
		if err := l.deliver(b[used+4:used+4+n], word&more != 0); err != nil {
			return used, err
		}
		used += 4 + n
	}
	return used, nil
}

func (l *line) deliver(b []byte, goesOn bool) error {
	s, gen := l.Find(int(binary.BigEndian.Uint32(b)))
	switch {
	case s == nil:
		l.strays.Add(1)
		return errors.New("answer to nobody")
	case s.Win(gen):
		l.Append(s, b[4:])
		if goesOn {
			s.Release()
		} else {
			l.Finish(s)
		}
	case !goesOn && !l.Forget(s, gen):
		return errors.New("answered twice")
	}
	return nil
}

// rig is what connections of a test are made of.
type rig struct {
	t     testing.TB
	bufs  *sock.Buffers
	wheel *sock.Wheel
	now   func() int64
}

func newRig(t testing.TB) *rig {
	begin := time.Now()
	now := func() int64 { return int64(time.Since(begin)) + 1 }
	return &rig{t: t, bufs: sock.NewBuffers(), wheel: sock.NewWheel(now), now: now}
}

func (r *rig) params(nc net.Conn) Params {
	return Params{Sock: sock.New(nc), Wheel: r.wheel, Buffers: r.bufs, Room: sock.NewRoom(64 << 20), Now: r.now, Most: 1 << 16}
}

func (r *rig) start(nc net.Conn) *line {
	l := new(line)
	l.Conn = New(r.params(nc), l)
	l.Start()
	return l
}

// pair is two ends of a TCP connection.
func pair(t testing.TB) (here, there net.Conn) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if here, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if there, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { there.Close() })
	return here, there
}

// end closes the line and looks for what is left.
func (r *rig) end(l *line) {
	l.Close()
	if used, _ := l.Load(); used != 0 {
		r.t.Errorf("%d slots left in use", used)
	}
	if n := r.bufs.Out(); n != 0 {
		r.t.Errorf("%d buffers were not given back", n)
	}
}

type message struct{}

func (message) Attr(sidecar.Selector) ([]byte, bool) { return nil, false }
func (message) Rewind() bool                         { return true }
func (message) Class() sidecar.Class                 { return sidecar.Success }

func exchange() *sidecar.Exchange {
	x := new(sidecar.Exchange)
	x.Begin(message{}, nil, sidecar.Now())
	return x
}

// ask performs one exchange, in as many puts as there are texts, and gives the
// answer's text.
func (l *line) ask(x *sidecar.Exchange, client int, texts ...[]byte) ([]byte, *sidecar.Fault) {
	s, f := l.Reserve()
	if f != nil {
		return nil, f
	}
	farewell := frame(notice, client, binary.BigEndian.AppendUint32(nil, uint32(s.Number)), 0)
	for i, text := range texts {
		flags := uint32(0)
		if i < len(texts)-1 {
			flags = more
		}
		b := frame(s.Number, client, text, flags)
		if f := l.Send(x, s, b[:headLen], b[headLen:]); f != nil {
			return nil, l.Leave(s, farewell, f)
		}
	}
	if f := l.Await(x, s, farewell); f != nil {
		return nil, f
	}
	out := append([]byte(nil), s.Buf...)
	l.Free(s)
	return out, nil
}

// echo answers each message with itself, in random order, pieces and with
// random delays of others in between, until the connection ends.
func echo(nc net.Conn, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 1))
	parts := map[uint32][]byte{}
	var ready [][]byte
	var mu sync.Mutex
	var work sync.WaitGroup
	defer work.Wait()
	defer nc.Close()
	flush := func() {
		if len(ready) == 0 {
			return
		}
		random.Shuffle(len(ready), func(i, j int) { ready[i], ready[j] = ready[j], ready[i] })
		var out []byte
		for _, m := range ready {
			number, rest := int(binary.BigEndian.Uint32(m)), m[4:]
			if cut := random.IntN(2 * len(rest)); cut > 4 && cut < len(rest) {
				out = append(out, piece(number, rest[:cut], more)...)
				rest = rest[cut:]
			}
			out = append(out, piece(number, rest, 0)...)
		}
		ready = nil
		work.Go(func() {
			mu.Lock()
			defer mu.Unlock()
			_, _ = nc.Write(out)
		})
	}
	in := bufio.NewReader(nc)
	for {
		if in.Buffered() == 0 {
			flush()
		}
		var head [4]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return
		}
		word := binary.BigEndian.Uint32(head[:])
		b := make([]byte, word&^more)
		if _, err := io.ReadFull(in, b); err != nil {
			return
		}
		number := binary.BigEndian.Uint32(b)
		if number == notice {
			flush()
			continue
		}
		if parts[number] == nil {
			parts[number] = b
		} else {
			parts[number] = append(parts[number], b[8:]...)
		}
		if word&more != 0 {
			continue
		}
		ready = append(ready, parts[number])
		delete(parts, number)
		if random.IntN(4) == 0 {
			flush()
		}
	}
}

// piece is a frame of an answer. One that goes on lacks the client, which only
// the first has.
func piece(number int, rest []byte, flags uint32) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(rest)+4)|flags)
	b = binary.BigEndian.AppendUint32(b, uint32(number))
	return append(b, rest...)
}

func sockOf(nc net.Conn) *sock.Conn { return sock.New(nc) }
