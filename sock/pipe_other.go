//go:build !linux || !(amd64 || arm64)

package sock

import "syscall"

func openPipe() (*Pipe, error) { return nil, ErrNoSplice }

func (p *Pipe) close() {}

func (o *readOp) splice(syscall.RawConn, *Pipe, int) (int, error) {
	panic("sock: raw path on a system without it")
}

func (o *writeOp) splice(syscall.RawConn, *Pipe, bool) (int, error) {
	panic("sock: raw path on a system without it")
}
