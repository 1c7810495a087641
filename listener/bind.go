package listener

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Bind listens on "host:port" or "unix:/path". A socket file that
// nobody listens on is left over from a process that was killed, and replaced.
// Errors say what to do. ctx ends the search for a name.
func Bind(ctx context.Context, address string) (net.Listener, error) {
	path, isUnix := strings.CutPrefix(address, "unix:")
	if !isUnix {
		// No keep-alive probes: idle connections have a time limit of ours, and
		// the probes cost four system calls for each connection.
		ln, err := (&net.ListenConfig{KeepAlive: -1}).Listen(ctx, "tcp", address)
		if err != nil {
			return nil, refused(address, err, tcpAdvice(address, err))
		}
		return ln, nil
	}
	ln, err := bindUnix(path)
	if err != nil {
		return nil, refused(address, err, unixAdvice(path, err))
	}
	return ln, nil
}

// The errors of a Unix socket's path that the kernel tells as "address already
// in use".
var (
	errFolder   = errors.New("a folder is there")
	errNoSocket = errors.New("a file that is no socket is there")
	errAlive    = errors.New("another process listens there")
	errUnclear  = errors.New("a socket is there, and whether a process has it cannot be told")
)

func bindUnix(path string) (net.Listener, error) {
	ln, err := net.Listen("unix", path)
	if err == nil || !errors.Is(err, syscall.EADDRINUSE) {
		return ln, err
	}
	info, serr := os.Lstat(path)
	if serr != nil {
		return nil, serr
	}
	switch {
	case info.IsDir():
		return nil, errFolder
	case info.Mode()&os.ModeSocket == 0:
		return nil, errNoSocket
	}
	c, derr := net.DialTimeout("unix", path, time.Second)
	if derr == nil {
		c.Close()
	}
	if err := inUse(derr); err != nil {
		return nil, err
	}
	if rerr := os.Remove(path); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
		return nil, rerr
	}
	return net.Listen("unix", path)
}

// inUse judges by the outcome of a dial whether a socket's file may be removed:
// nil only where that nobody has it is proved, as it is by a refusal.
func inUse(err error) error {
	switch {
	case err == nil, errors.Is(err, syscall.EAGAIN): // it listens, and is behind with accepting
		return errAlive
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		return nil
	}
	// Not wrapped: what the number says of the dial is not true of the listening.
	return fmt.Errorf("%w (%s)", errUnclear, bare(err).Error())
}

// refused is the error of an address: what is wrong, and what to do.
func refused(address string, err error, advice string) error {
	if advice != "" {
		advice = ": " + advice
	}
	return fmt.Errorf("cannot listen on %s: %w%s", address, bare(err), advice)
}

// bare is err without the address, which is told beside it.
func bare(err error) error {
	var number syscall.Errno
	var name *net.DNSError
	switch {
	case errors.As(err, &number):
		return number
	case errors.As(err, &name):
		return errors.New(name.Err)
	}
	return err
}

func tcpAdvice(address string, err error) string {
	var name *net.DNSError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		_, port, _ := net.SplitHostPort(address)
		return "another process listens there, or a connection has it as its outgoing port (ss -tanp 'sport = :" + port + "' tells): end it, or set another address"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "no interface of this machine has that IP address: set one that it has (ip addr lists them), 127.0.0.1, or 0.0.0.0 for all"
	case errors.Is(err, fs.ErrPermission):
		return "ports under 1024 are for root: set a higher port, or give the process CAP_NET_BIND_SERVICE"
	case errors.As(err, &name):
		return "the name is not known here: set an IP address"
	}
	return ""
}

func unixAdvice(path string, err error) string {
	folder := filepath.Dir(path)
	switch {
	case errors.Is(err, errFolder):
		return "set the path of a socket in it, such as unix:" + path + "/sidecar.sock"
	case errors.Is(err, errNoSocket):
		return "remove it, or set another path"
	case errors.Is(err, errAlive):
		return "end it, or set another path"
	case errors.Is(err, errUnclear):
		return "remove it if no process has it (ss -xap src " + path + " tells), or set another path"
	case errors.Is(err, fs.ErrNotExist):
		return "the folder " + folder + " does not exist: create it"
	case errors.Is(err, syscall.ENOTDIR):
		return folder + " is no folder, or leads through a file: set another path"
	case errors.Is(err, fs.ErrPermission):
		return "the user that the sidecar runs as may not create files in " + folder + ": let it, or set another path"
	case errors.Is(err, syscall.EROFS):
		return folder + " is on a file system that is read-only: set another path"
	}
	return ""
}
