package listener

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// ErrNoLoopback is wrapped by BindLoopback's errors where this machine cannot do
// what it does: another way to tell nodes apart has to be taken.
var ErrNoLoopback = errors.New("sockets cannot be bound to the loopback device")

// BindLoopback listens at the port of address ("127.0.0.1:9092") at every IPv4
// address of the loopback device and of no other: who connects to 127.92.0.3
// comes, too, and the local end of his connection says so. Nobody comes from
// outside, nor by another address of this machine. Addr is address.
func BindLoopback(ctx context.Context, address string) (net.Listener, error) {
	return bindLoopback(ctx, address, loopbackDevice)
}

func bindLoopback(ctx context.Context, address, device string) (net.Listener, error) {
	at, err := netip.ParseAddrPort(strings.Replace(address, "localhost:", "127.0.0.1:", 1))
	if err != nil || !at.Addr().Is4() || !at.Addr().IsLoopback() {
		return nil, fmt.Errorf("cannot listen on %s at all addresses of the loopback device: it is no 127.x.x.x:port: %w", address, ErrNoLoopback)
	}
	if err := tryLoopback(ctx, device); err != nil {
		return nil, fmt.Errorf("cannot listen on %s at all addresses of the loopback device: %w: %w", address, ErrNoLoopback, bare(err))
	}
	wildcard := netip.AddrPortFrom(netip.IPv4Unspecified(), at.Port()).String()
	ln, err := onDevice(device).Listen(ctx, "tcp4", wildcard)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("cannot listen on %s at all addresses of the loopback device: %w: a process has that port at 0.0.0.0 or at an address 127.x.x.x, another listener of this sidecar perhaps (ss -tlnp 'sport = :%d' tells): end it, or set another port", address, syscall.EADDRINUSE, at.Port())
	case err != nil:
		return nil, refused(address, err, tcpAdvice(address, err))
	}
	port := ln.Addr().(*net.TCPAddr).Port
	return &atLoopback{ln, net.TCPAddrFromAddrPort(netip.AddrPortFrom(at.Addr(), uint16(port)))}, nil
}

// atLoopback tells the address that it was asked for.
type atLoopback struct {
	net.Listener
	at net.Addr
}

func (l *atLoopback) Addr() net.Addr { return l.at }

// onDevice is how sockets are made that only a device leads to.
func onDevice(device string) *net.ListenConfig {
	return &net.ListenConfig{KeepAlive: -1, Control: func(_, _ string, raw syscall.RawConn) error {
		var err error
		if cerr := raw.Control(func(fd uintptr) { err = bindToDevice(int(fd), device) }); cerr != nil {
			return cerr
		}
		return err
	}}
}

const (
	loopbackDevice = "lo"
	// probed is an address of the loopback that nothing is bound to by name.
	probed = "127.92.255.254"
	// probeTime is far more than a connection within the machine takes.
	probeTime = 2 * time.Second
)

// tryLoopback tells whether it works here, on a port of its own. Kernels that
// know the option and do not obey it, and loopback devices without the rest of
// 127.0.0.0/8, would leave clients with addresses that nobody is at.
func tryLoopback(ctx context.Context, device string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	ln, err := onDevice(device).Listen(ctx, "tcp4", "0.0.0.0:0")
	if err != nil {
		return err
	}
	defer ln.Close()
	to := netip.AddrPortFrom(netip.MustParseAddr(probed), uint16(ln.Addr().(*net.TCPAddr).Port)) // #nosec G115 -- a port
	c, err := new(net.Dialer).DialContext(ctx, "tcp4", to.String())
	if err != nil {
		return err
	}
	return c.Close()
}
