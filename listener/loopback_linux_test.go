package listener

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
)

// portOf is the port that ln has.
func portOf(t *testing.T, ln net.Listener) string {
	t.Helper()
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestEveryAddressOfTheLoopbackLeadsToOneSocket(t *testing.T) {
	ln, err := BindLoopback(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	port := portOf(t, ln)
	if want := "127.0.0.1:" + port; ln.Addr().String() != want {
		t.Errorf("tells %s, want %s", ln.Addr(), want)
	}
	for _, host := range []string{"127.0.0.1", "127.92.0.0", "127.92.0.3", "127.92.255.255", "127.254.1.2"} {
		near, err := net.Dial("tcp", net.JoinHostPort(host, port))
		if err != nil {
			t.Fatal(err)
		}
		far, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if got := far.LocalAddr().String(); got != net.JoinHostPort(host, port) {
			t.Errorf("dialled %s, the other end says %s", host, got)
		}
		near.Close()
		far.Close()
	}
}

func TestNobodyComesByAnAddressOfAnotherDevice(t *testing.T) {
	ln, err := BindLoopback(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		prefix, err := netip.ParsePrefix(a.String())
		if err != nil || prefix.Addr().IsLoopback() || !prefix.Addr().Is4() {
			continue
		}
		c, err := net.Dial("tcp", net.JoinHostPort(prefix.Addr().String(), portOf(t, ln)))
		if err == nil {
			c.Close()
			t.Errorf("came by %s", prefix)
		}
	}
}

func TestLoopbackThatCannotBeHadIsToldWithAdvice(t *testing.T) {
	wildcard, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer wildcard.Close()
	one, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	own, err := BindLoopback(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	for _, c := range []struct {
		name, address, want string
		fallback            bool
	}{
		{"taken at all addresses", "127.0.0.1:" + portOf(t, wildcard), "another listener of this sidecar perhaps (ss -tlnp 'sport = :" + portOf(t, wildcard) + "' tells)", false},
		{"taken at one", "127.0.0.1:" + portOf(t, one), "end it, or set another port", false},
		{"taken by ourselves", "127.0.0.1:" + portOf(t, own), "address already in use", false},
		{"IPv6", "[::1]:9092", "it is no 127.x.x.x:port", true},
		{"all devices", "0.0.0.0:9092", "it is no 127.x.x.x:port", true},
		{"a name", "kafka.local:9092", "it is no 127.x.x.x:port", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			ln, err := BindLoopback(t.Context(), c.address)
			if err == nil {
				ln.Close()
				t.Fatal("bound")
			}
			if !strings.Contains(err.Error(), c.want) || errors.Is(err, ErrNoLoopback) != c.fallback {
				t.Errorf("got %q (fallback %v), want %q (%v)", err, errors.Is(err, ErrNoLoopback), c.want, c.fallback)
			}
			if !c.fallback && !errors.Is(err, syscall.EADDRINUSE) {
				t.Errorf("got %v, want EADDRINUSE", err)
			}
		})
	}
}

func TestLocalhostIsTheLoopback(t *testing.T) {
	ln, err := BindLoopback(t.Context(), "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
}

// As where the kernel, or who confines the process, does not allow it.
func TestDeviceThatCannotBeHadLeavesAnotherWay(t *testing.T) {
	ln, err := bindLoopback(t.Context(), "127.0.0.1:0", "none0")
	if err == nil {
		ln.Close()
		t.Fatal("bound")
	}
	if !errors.Is(err, ErrNoLoopback) || !strings.HasSuffix(err.Error(), "sockets cannot be bound to the loopback device: no such device") {
		t.Errorf("got %v", err)
	}
}
