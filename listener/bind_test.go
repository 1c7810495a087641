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
	taken := ln.Addr().String()
	_, port, _ := net.SplitHostPort(taken)
	for _, c := range []struct{ name, address, want string }{
		{"taken", taken, "address already in use: another process listens there (ss -ltnp sport = :" + port},
		{"of another machine", "192.0.2.1:80", "cannot assign requested address: no interface of this machine has that IP address"},
		{"no folder", "unix:" + dir + "/none/s", "the folder " + dir + "/none does not exist: create it"},
		{"file for a folder", "unix:" + file + "/s", file + " is no folder"},
		{"file", "unix:" + file, "a file that is no socket is there: remove it"},
		{"folder", "unix:" + dir, "a folder is there: set the path of a socket in it"},
		{"no such name", "no-such-host.invalid:80", "the name is not known here: set an IP address"},
		{"socket in use", "unix:" + alive, "another process listens there: end it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ln, err := Bind(c.address)
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
