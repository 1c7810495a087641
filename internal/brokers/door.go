package brokers

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Door is where clients find a broker: an address that is the only one it
// advertises to them, from which connections are given on to where it listens.
// Its Gate turns away who comes from elsewhere than it may.
type Door struct {
	Gate *Gate

	listener net.Listener
	behind   string       // the broker's own address
	pause    atomic.Int64 // before each piece that is given on, in nanoseconds
	stalled  atomic.Bool

	mu    sync.Mutex
	conns map[net.Conn]bool // both ends of all that are open
	shut  bool
	done  sync.WaitGroup
}

// pieces is how many bytes are given on at once.
const pieces = 64 << 10

// openDoor opens one at address (port 0: a free one).
func openDoor(t testing.TB, address, behind string, g *Gate) *Door {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	d := &Door{Gate: g, listener: &gated{l, g}, behind: behind, conns: map[net.Conn]bool{}}
	d.done.Go(d.accept)
	return d
}

// Address is where it is.
func (d *Door) Address() string { return d.listener.Addr().String() }

// Stall lets nothing through until it is called with false; connections stay.
func (d *Door) Stall(on bool) { d.stalled.Store(on) }

// Slow holds each piece of up to 64 KiB back for that long; 0 for not at all.
func (d *Door) Slow(by time.Duration) { d.pause.Store(int64(by)) }

// Cut resets all connections that are open.
func (d *Door) Cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = c.Close()
	}
}

// Close resets all and accepts no more.
func (d *Door) Close() {
	d.mu.Lock()
	d.shut = true
	d.mu.Unlock()
	_ = d.listener.Close()
	d.Cut()
	d.done.Wait()
}

func (d *Door) accept() {
	for {
		c, err := d.listener.Accept()
		if err != nil {
			return
		}
		d.done.Go(func() { d.serve(c) })
	}
}

func (d *Door) serve(client net.Conn) {
	defer client.Close()
	broker, err := net.Dial("tcp", d.behind)
	if err != nil {
		if tcp, ok := client.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // as a host where nobody listens
		}
		return
	}
	defer broker.Close()
	if !d.enter(client, broker) {
		return
	}
	defer d.leave(client, broker)
	back := make(chan struct{})
	go func() {
		defer close(back)
		d.give(client, broker)
	}()
	d.give(broker, client)
	<-back
}

func (d *Door) enter(conns ...net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range conns {
		d.conns[c] = true
	}
	return !d.shut
}

func (d *Door) leave(conns ...net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range conns {
		delete(d.conns, c)
	}
}

// tick is how often a stalled door looks whether it may go on.
const tick = 5 * time.Millisecond

// give gives on what comes from src until one of the two has ended. The end of
// one half is the end of that half for the other.
func (d *Door) give(dst, src net.Conn) {
	buf := make([]byte, pieces)
	for {
		n, err := src.Read(buf)
		for d.stalled.Load() && !d.closed() {
			time.Sleep(tick)
		}
		if by := d.pause.Load(); by > 0 && n > 0 {
			time.Sleep(time.Duration(by))
		}
		if n > 0 {
			if _, werr := dst.Write(buf[:n]); werr != nil {
				_ = src.Close()
				return
			}
		}
		if err == nil {
			continue
		}
		if tcp, ok := dst.(*net.TCPConn); ok && err == io.EOF {
			_ = tcp.CloseWrite()
			return
		}
		_ = dst.Close()
		return
	}
}

func (d *Door) closed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shut
}
