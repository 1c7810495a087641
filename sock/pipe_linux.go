//go:build linux && (amd64 || arm64)

package sock

import (
	"os"
	"syscall"
)

// Of <fcntl.h>, which package syscall does not have.
const (
	fSetPipeSize = 1031
	fGetPipeSize = 1032

	spliceMove     = 1
	spliceNonblock = 2
)

// openPipe makes an empty pipe that never blocks and no child inherits.
func openPipe() (*Pipe, error) {
	var fd [2]int
	if err := syscall.Pipe2(fd[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
		return nil, os.NewSyscallError("pipe2", err)
	}
	p := &Pipe{r: fd[0], w: fd[1]}
	// Refused where the user's pipes hold too much already; then what the pipe
	// was given decides.
	_, _, _ = syscall.RawSyscall(syscall.SYS_FCNTL, uintptr(p.w), fSetPipeSize, pipeSize)
	size, _, e := syscall.RawSyscall(syscall.SYS_FCNTL, uintptr(p.w), fGetPipeSize, 0)
	if e != 0 || int(size) < minPipeSize {
		p.close()
		return nil, ErrNoSplice
	}
	return p, nil
}

func (p *Pipe) close() {
	syscall.Close(p.r)
	syscall.Close(p.w)
	p.r, p.w = -1, -1 // a use after this fails and hits nobody else's descriptor
}

// sysSplice moves bytes between a socket and a pipe, at most n and no more than
// one call may. Both never block, so it need not tell the scheduler; no memory
// of ours takes part, so the race detector has nothing to be told.
func sysSplice(from, to, n int) (int, syscall.Errno) {
	for {
		m, _, e := syscall.RawSyscall6(syscall.SYS_SPLICE, uintptr(from), 0, uintptr(to), 0, uintptr(min(n, maxCall)), spliceMove|spliceNonblock)
		if e == 0 {
			return int(m), 0
		}
		if e != syscall.EINTR {
			return 0, e
		}
	}
}
