package listener

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestAddressThatCannotBeBoundIsToldWithAdvice(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	dir := t.TempDir()
	file, alive := filepath.Join(dir, "file"), filepath.Join(dir, "alive")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	unix, err := net.Listen("unix", alive)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close()
	datagrams := filepath.Join(dir, "datagrams")
	packets, err := net.ListenPacket("unixgram", datagrams)
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	taken := ln.Addr().String()
	_, port, _ := net.SplitHostPort(taken)
	for _, c := range []struct{ name, address, want string }{
		{"taken", taken, "address already in use: another process listens there, or a connection has it as its outgoing port (ss -tanp 'sport = :" + port + "' tells): end it"},
		{"of another machine", "192.0.2.1:80", "cannot assign requested address: no interface of this machine has that IP address"},
		{"no folder", "unix:" + dir + "/none/s", "the folder " + dir + "/none does not exist: create it"},
		{"file for a folder", "unix:" + file + "/s", file + " is no folder"},
		{"file", "unix:" + file, "a file that is no socket is there: remove it"},
		{"folder", "unix:" + dir, "a folder is there: set the path of a socket in it"},
		{"no such name", "no-such-host.invalid:80", "the name is not known here: set an IP address"},
		{"socket of another kind", "unix:" + datagrams, "a socket is there, and whether a process has it cannot be told (protocol wrong type for socket): remove it if"},
		{"socket in use", "unix:" + alive, "another process listens there: end it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ln, err := Bind(t.Context(), c.address)
			if err == nil {
				ln.Close()
				t.Fatal("bound")
			}
			if text := err.Error(); !strings.HasPrefix(text, "cannot listen on "+c.address+": ") || !strings.Contains(text, c.want) {
				t.Errorf("got %q, want %q", text, c.want)
			}
		})
	}
}

// Root may do all of it, so that these cannot be met where tests run as root.
func TestWhatIsNotAllowedIsToldWithAdvice(t *testing.T) {
	denied := func(number syscall.Errno) error {
		return &net.OpError{Op: "listen", Net: "tcp", Err: os.NewSyscallError("bind", number)}
	}
	for _, c := range []struct{ name, got, want string }{
		{"port", tcpAdvice("0.0.0.0:80", denied(syscall.EACCES)), "CAP_NET_BIND_SERVICE"},
		{"name", tcpAdvice("no-such:80", &net.OpError{Err: &net.DNSError{Err: "no such host"}}), "set an IP address"},
		{"folder", unixAdvice("/run/s", denied(syscall.EACCES)), "may not create files in /run"},
		{"read-only folder", unixAdvice("/usr/s", denied(syscall.EROFS)), "read-only"},
		{"anything else", tcpAdvice("a:1", errors.New("x")) + unixAdvice("/s", errors.New("x")), ""},
	} {
		if !strings.Contains(c.got, c.want) || c.want == "" && c.got != "" {
			t.Errorf("%s: got %q, want %q", c.name, c.got, c.want)
		}
	}
	if got := refused("a:1", fmt.Errorf("x: %w", denied(syscall.EACCES)), "y").Error(); got != "cannot listen on a:1: permission denied: y" {
		t.Errorf("got %q", got)
	}
}

// Whose file is removed must be nobody's.
func TestOnlyARefusalProvesThatNobodyHasASocket(t *testing.T) {
	dialled := func(number syscall.Errno) error {
		return &net.OpError{Op: "dial", Net: "unix", Err: os.NewSyscallError("connect", number)}
	}
	for _, c := range []struct {
		name string
		err  error
		want error
	}{
		{"answered", nil, errAlive},
		{"refused", dialled(syscall.ECONNREFUSED), nil},
		{"gone meanwhile", dialled(syscall.ENOENT), nil},
		{"behind with accepting", dialled(syscall.EAGAIN), errAlive},
		{"not allowed", dialled(syscall.EACCES), errUnclear},
		{"no answer in time", &net.OpError{Op: "dial", Net: "unix", Err: os.ErrDeadlineExceeded}, errUnclear},
	} {
		if got := inUse(c.err); !errors.Is(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	text := refused("unix:/s", inUse(dialled(syscall.EACCES)), unixAdvice("/s", inUse(dialled(syscall.EACCES)))).Error()
	if !strings.Contains(text, "(permission denied): remove it if no process has it") {
		t.Errorf("got %q", text)
	}
}

func TestSocketThatSomebodyHasStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	packets, err := net.ListenPacket("unixgram", path)
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	if ln, err := Bind(t.Context(), "unix:"+path); err == nil {
		ln.Close()
		t.Error("bound")
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the socket of another is gone: %v", err)
	}
}
