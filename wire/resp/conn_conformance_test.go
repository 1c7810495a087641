package resp

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidecar"
	"sidecar/sock"
)

// Every value is tagged by its client and command: whatever is cut, timed out or
// given up, nobody gets another's, and each client gets its own in order.
func TestConformanceNobodyGetsAnothersReplies(t *testing.T) {
	total := 50_000
	if os.Getenv("SIDECAR_CONFORMANCE") == "1" {
		total = 1_000_000
	}
	for _, c := range []struct {
		name         string
		plain        bool
		lines        int
		cuts, leaves bool
	}{
		{"quiet", false, 1, false, false},
		{"clients that leave", false, 2, false, true},
		{"cuts", false, 2, true, true},
		{"net.Conn", true, 2, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLab(t, DialSettings{MaxReply: 200_000})
			l.plain = c.plain
			m := &mixer{t: t, lab: l, lines: make([]atomic.Pointer[Conn], c.lines), leaves: c.leaves}
			m.address = l.serve(m.serve)
			for i := range m.lines {
				m.open(i)
			}
			m.run(total/4, c.cuts)
		})
	}
}

// mixer is clients on shared connections, and their server.
type mixer struct {
	t       *testing.T
	lab     *lab
	address string
	lines   []atomic.Pointer[Conn]
	leaves  bool
	left    atomic.Int64 // commands
	cut     atomic.Int64 // connections
	ok, bad atomic.Int64 // calls
	over    atomic.Int64 // of the latter, those whose replies were too large

	mu   sync.Mutex
	made []*Conn
}

func (m *mixer) open(i int) {
	c, err := m.lab.Connect(context.Background(), m.address, RESP2)
	if err != nil {
		m.t.Error(err)
		return
	}
	m.lines[i].Store(c)
	m.mu.Lock()
	m.made = append(m.made, c)
	m.mu.Unlock()
}

// run performs so many commands by 50 clients, while connections are cut.
func (m *mixer) run(commands int, cuts bool) {
	m.left.Store(int64(commands))
	wheel := sock.NewWheel(sidecar.Now)
	var clients sync.WaitGroup
	for client := range 50 {
		clients.Go(func() { m.client(client, wheel) })
	}
	over := make(chan struct{})
	go func() { clients.Wait(); close(over) }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for at, going := 0, true; going; at++ {
		select {
		case <-over:
			going = false
		case <-tick.C:
			if cuts {
				i := at % len(m.lines)
				old := m.lines[i].Load()
				m.open(i)
				old.core.End(sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.PeerReset})
				m.cut.Add(1)
			}
		}
	}
	for _, c := range m.made {
		c.Close()
		if used, _ := c.core.Load(); used != 0 {
			m.t.Errorf("%d calls left", used)
		}
	}
	wheel.Wait()
	if m.ok.Load() == 0 {
		m.t.Error("nothing was answered")
	}
	m.t.Logf("%d calls answered, %d not (%d too large), %d connections cut", m.ok.Load(), m.bad.Load(), m.over.Load(), m.cut.Load())
}

// client performs calls, gives some of them up, and checks what it gets.
func (m *mixer) client(id int, wheel *sock.Wheel) {
	random := rand.New(rand.NewPCG(11, uint64(id)))
	a := newAsk()
	alarms := new(sock.Alarms)
	alarms.Init(wheel, &a.x)
	var want []byte
	for n := 0; m.left.Load() > 0; {
		count := 1 + random.IntN(20)
		m.left.Add(-int64(count))
		a.call.Requests, want = a.call.Requests[:0], want[:0]
		errors, large := 0, false
		for range count {
			n++
			tag := fmt.Sprintf("%d.%d", id, n)
			size := random.IntN(200)
			switch dice := random.IntN(500); {
			case dice < 5:
				size = random.IntN(40_000)
			case dice == 5:
				size, large = 210_000, true
			case dice < 20:
				size = -1
				errors++
			}
			a.call.Requests = AppendCommand(a.call.Requests, "GET", tag, strconv.Itoa(size))
			want = tagged(want, []byte(tag), size)
		}
		a.call.Awaited, a.took.calls = count, 0
		a.call.Begin()
		a.x.Begin(&a.call, alarms, sidecar.Now())
		a.x.N = count
		a.x.RequestDone(a.x.Now())
		if m.leaves && random.IntN(4) == 0 {
			a.x.SetTimeout(int64(random.IntN(int(10 * time.Millisecond))))
		}
		err := m.lines[random.IntN(len(m.lines))].Load().Do(context.Background(), &a.x)
		a.x.End()
		switch f := sidecar.FaultOf(err); {
		case f != nil:
			m.bad.Add(1)
			if f.Reason == sidecar.TooLarge {
				m.over.Add(1)
			}
			if f.Reason == sidecar.BadReply || f.Reason == sidecar.TooLarge && !large && len(want) < 200_000 {
				m.t.Errorf("client %d: %v", id, f)
				return
			}
		case !bytes.Equal(a.took.b, want) || a.took.errors != errors || a.took.calls != 1:
			m.t.Errorf("client %d: %.60q of %d, %d errors; want %.60q of %d, %d", id, a.took.b, len(a.took.b), a.took.errors, want, len(want), errors)
			return
		default:
			m.ok.Add(1)
		}
	}
}

// tagged is the reply to a command of that tag: an error with it, or a value of
// that size made of it.
func tagged(dst, tag []byte, size int) []byte {
	if size < 0 {
		return AppendError(dst, append([]byte("ERR "), tag...))
	}
	return AppendBulk(dst, bytes.Repeat(append([]byte(nil), append(tag, '\r', '\n')...), 1+size/(len(tag)+2)))
}

// serve answers commands, in pieces of any size.
func (m *mixer) serve(c net.Conn) {
	server(func(_ net.Conn, args [][]byte) []byte {
		size, _ := number(args[2])
		return tagged(nil, args[1], int(size))
	})(&choppy{c, rand.New(rand.NewPCG(5, rand.Uint64()))})
}

// choppy is a connection that writes in pieces.
type choppy struct {
	net.Conn
	random *rand.Rand
}

func (c *choppy) Write(b []byte) (n int, err error) {
	for len(b) > 0 && err == nil {
		size := len(b)
		if c.random.IntN(3) > 0 {
			size = 1 + c.random.IntN(min(len(b), 3000))
		}
		var k int
		k, err = c.Conn.Write(b[:size])
		n += k
		b = b[k:]
	}
	return n, err
}
