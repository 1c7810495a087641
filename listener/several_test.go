package listener

import (
	"errors"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"sidecar"
	"sidecar/sock"
)

// free is an address that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func severalOf(t *testing.T) *Several {
	t.Helper()
	first, err := Bind(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := NewSeveral(first)
	t.Cleanup(func() { s.Close() })
	return s
}

func TestConnectionsComeByAllAddresses(t *testing.T) {
	s := severalOf(t)
	second := free(t)
	for range 2 {
		if err := s.Add(t.Context(), second); err != nil {
			t.Fatal(err)
		}
	}
	for _, address := range []string{s.Addr().String(), second, s.Addr().String()} {
		near, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		far, err := s.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if got := far.LocalAddr().String(); got != address {
			t.Errorf("came by %s, want %s", got, address)
		}
		near.Close()
		far.Close()
	}
}

func TestAddressThatIsTakenIsToldAndTheOthersStay(t *testing.T) {
	s := severalOf(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if err := s.Add(t.Context(), taken.Addr().String()); !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "another process listens there") {
		t.Errorf("got %v", err)
	}
	near, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	far, err := s.Accept()
	if err != nil {
		t.Fatal(err)
	}
	far.Close()
}

func TestCloseEndsWhatWaits(t *testing.T) {
	s := severalOf(t)
	second := free(t)
	if err := s.Add(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	// One that was accepted and that nobody has taken.
	near, err := net.Dial("tcp", second)
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := near.Read(make([]byte, 1)); err == nil {
		t.Error("the connection that came too late is open")
	}
	if _, err := s.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if err := s.Add(t.Context(), second); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if err := s.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// Bound takes the place of an address, and is closed by Stop.
func TestListenerServesWhatIsBoundAlready(t *testing.T) {
	s := severalOf(t)
	second := free(t)
	lot, err := sock.NewLot(sidecar.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer lot.Close()
	l, err := Listen(t.Context(), Params{Name: "test", Bound: s, Server: &echo{}, Lot: lot, MaxConnections: 9, IdleTimeout: time.Hour, Stats: NewStats(nil, "test"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- l.Run(t.Context()) }()
	if err := s.Add(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{l.Addr().String(), second} {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		say(t, c, "x")
		hear(t, c, "x")
		c.Close()
	}
	l.Stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	l.Drain(t.Context())
}
