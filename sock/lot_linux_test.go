//go:build linux && (amd64 || arm64)

package sock

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// lotClock is a clock that stands until it is moved.
type lotClock struct{ now atomic.Int64 }

func newLot(t *testing.T) (*Lot, *lotClock) {
	t.Helper()
	c := &lotClock{}
	c.now.Store(1)
	l, err := NewLot(c.now.Load)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l, c
}

// tcpPair is a connection as we hold it, and its peer.
func tcpPair(t testing.TB) (*Conn, *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	peer, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	ours, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close(); ours.Close() })
	return New(ours), peer.(*net.TCPConn)
}

// told is a Parked and a Watcher that writes down what it hears.
type told struct {
	events chan string
	again  bool
}

func newTold() *told     { return &told{events: make(chan string, 8)} }
func (p *told) Ready()   { p.events <- "ready" }
func (p *told) Expired() { p.events <- "expired" }
func (p *told) Gone(mark uint64, reset bool) bool {
	what := "fin"
	if reset {
		what = "reset"
	}
	if mark != 7 {
		what = "mark lost"
	}
	p.events <- what
	return p.again && !reset
}

// heard is what p has heard by now.
func (p *told) heard() string {
	select {
	case e := <-p.events:
		return e
	default:
		return "nothing"
	}
}

func TestParkedConnectionIsReadyWhenItsPeerDoesAnything(t *testing.T) {
	for name, do := range map[string]func(*net.TCPConn) error{
		"bytes": func(c *net.TCPConn) error { _, err := c.Write([]byte("x")); return err },
		"fin":   (*net.TCPConn).CloseWrite,
		"reset": func(c *net.TCPConn) error {
			if err := c.SetLinger(0); err != nil {
				return err
			}
			return c.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			l, _ := newLot(t)
			c, peer := tcpPair(t)
			p, spot := newTold(), new(Spot)
			if !l.Park(c, p, spot, time.Hour) || l.Parked() != 1 {
				t.Fatal("not parked")
			}
			if err := do(peer); err != nil {
				t.Fatal(err)
			}
			if e := <-p.events; e != "ready" {
				t.Fatalf("heard %s", e)
			}
			if l.Parked() != 0 || *spot != (Spot{}) {
				t.Error("it is still in the lot")
			}
		})
	}
}

func TestParkedConnectionWithBytesAlreadyThereIsReadyAtOnce(t *testing.T) {
	l, _ := newLot(t)
	c, peer := tcpPair(t)
	if _, err := peer.Write([]byte("early")); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitRead(); err != nil {
		t.Fatal(err)
	}
	p := newTold()
	l.Park(c, p, new(Spot), time.Hour)
	if e := <-p.events; e != "ready" {
		t.Fatalf("heard %s", e)
	}
	buf := make([]byte, 8)
	if n, err := c.Read(buf); err != nil || string(buf[:n]) != "early" {
		t.Errorf("read %q, %v", buf[:n], err)
	}
}

func TestParkedConnectionExpiresAtItsLimit(t *testing.T) {
	l, clock := newLot(t)
	c, _ := tcpPair(t)
	p := newTold()
	l.Park(c, p, new(Spot), time.Minute)
	clock.now.Store(int64(time.Minute))
	l.sweep()
	if e := p.heard(); e != "nothing" {
		t.Fatalf("before its limit it heard %s", e)
	}
	clock.now.Store(int64(time.Minute) + 1)
	l.sweep()
	if e := p.heard(); e != "expired" {
		t.Fatalf("at its limit it heard %s", e)
	}
	if l.Unpark(new(Spot)) {
		t.Error("an empty spot was taken out")
	}
}

func TestUnparkIsReadyOnce(t *testing.T) {
	l, _ := newLot(t)
	c, peer := tcpPair(t)
	p, spot := newTold(), new(Spot)
	l.Park(c, p, spot, time.Hour)
	if !l.Unpark(spot) {
		t.Fatal("it was not parked")
	}
	if l.Unpark(spot) {
		t.Error("it was taken out twice")
	}
	if _, err := peer.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if e := p.heard(); e != "ready" {
		t.Errorf("heard %s", e)
	}
	if e := p.heard(); e != "nothing" {
		t.Errorf("and then %s", e)
	}
}

func TestConnectionsOfTheOtherPathAreNotParked(t *testing.T) {
	l, _ := newLot(t)
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	spot := new(Spot)
	if l.Park(New(a), newTold(), spot, time.Hour) || *spot != (Spot{}) {
		t.Error("a pipe was parked")
	}
	c, _ := tcpPair(t)
	c.Close()
	if l.Park(c, newTold(), spot, time.Hour) || *spot != (Spot{}) {
		t.Error("a closed connection was parked")
	}
}

func TestWatchTellsAFinOnceAndAResetAfterIt(t *testing.T) {
	l, _ := newLot(t)
	c, peer := tcpPair(t)
	w, spot := newTold(), new(Spot)
	w.again = true
	if !l.Watch(c, w, 7, spot) {
		t.Fatal("not watched")
	}
	if err := peer.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if e := <-w.events; e != "fin" {
		t.Fatalf("heard %s", e)
	}
	if err := peer.SetLinger(0); err != nil {
		t.Fatal(err)
	}
	peer.Close()
	if e := <-w.events; e != "reset" {
		t.Fatalf("then heard %s", e)
	}
	l.Unwatch(spot)
	if e := w.heard(); e != "nothing" {
		t.Errorf("and then %s", e)
	}
}

func TestWatchDoesNotTellBytes(t *testing.T) {
	l, _ := newLot(t)
	c, peer := tcpPair(t)
	w, spot := newTold(), new(Spot)
	l.Watch(c, w, 7, spot)
	if _, err := peer.Write([]byte("pipelined")); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitRead(); err != nil {
		t.Fatal(err)
	}
	l.Unwatch(spot)
	if e := w.heard(); e != "nothing" || *spot != (Spot{}) {
		t.Errorf("heard %s", e)
	}
}

// counted is a Parked that only counts, since it is told from many places.
type counted struct{ ready, expired atomic.Int64 }

func (p *counted) Ready()   { p.ready.Add(1) }
func (p *counted) Expired() { p.expired.Add(1) }

// Descriptors are closed and their numbers used again while events of earlier
// tenants may be under way: none may reach the wrong owner, and each parked
// connection is told exactly once.
func TestParkingUnderReuseTellsEachOwnerOnce(t *testing.T) {
	l, _ := newLot(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 100 {
				c, peer := tcpPair(t)
				p, spot := &counted{}, new(Spot)
				if !l.Park(c, p, spot, time.Hour) {
					t.Error("not parked")
					return
				}
				if i%2 == 0 {
					peer.Close()
				}
				out := l.Unpark(spot)
				for p.ready.Load() == 0 { // the event won: it is on its way
					if out {
						t.Error("taken out and not told")
						return
					}
				}
				c.Close()
				peer.Close()
				if p.ready.Load() != 1 || p.expired.Load() != 0 {
					t.Errorf("told %d times ready, %d expired", p.ready.Load(), p.expired.Load())
				}
			}
		})
	}
	wg.Wait()
	if n := l.Parked(); n != 0 {
		t.Errorf("%d are left", n)
	}
}

func TestMassParkGivesMemoryBackOnce(t *testing.T) {
	l, _ := newLot(t)
	l.recent = massPark
	var frees int
	for now := int64(1); now <= 10; now++ {
		if l.release(now) {
			frees++
		}
	}
	if frees != 1 {
		t.Errorf("memory was given back %d times", frees)
	}
	l.recent = massPark + 1
	for now := int64(11); now <= 20; now++ {
		if l.release(now) {
			t.Error("again within a minute")
		}
	}
}
