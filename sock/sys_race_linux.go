//go:build linux && (amd64 || arm64) && race

package sock

import "syscall"

// RawSyscall hides from the race detector the memory it fills, so under it
// the annotated calls are used.

func sysRecv(fd uintptr, p []byte, flags int) (int, syscall.Errno) {
	for {
		var n int
		var err error
		if flags == 0 {
			n, err = syscall.Read(int(fd), p)
		} else {
			n, _, err = syscall.Recvfrom(int(fd), p, flags)
		}
		if err == syscall.EINTR {
			continue
		}
		return max(n, 0), errnoOf(err)
	}
}

func sysSend(fd uintptr, p []byte) (int, syscall.Errno) {
	for {
		n, err := syscall.Write(int(fd), p)
		if err == syscall.EINTR {
			continue
		}
		return max(n, 0), errnoOf(err)
	}
}

func sysSend2(fd uintptr, a, b []byte) (int, syscall.Errno) {
	n, e := sysSend(fd, a)
	if e != 0 || n < len(a) {
		return n, e
	}
	m, e := sysSend(fd, b)
	if e != 0 {
		return n, 0 // the next call meets the error again
	}
	return n + m, 0
}

func errnoOf(err error) syscall.Errno {
	if err == nil {
		return 0
	}
	if e, ok := err.(syscall.Errno); ok {
		return e
	}
	return syscall.EIO
}
