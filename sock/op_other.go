//go:build !linux || !(amd64 || arm64)

package sock

import "syscall"

const rawSupported = false

type opKind uint8

const (
	opRead opKind = iota
	opTry
	opWait
	opPeek
	opRoundtrip
	opAhead
)

type readOp struct {
	run   func(fd uintptr) bool
	wrote int
	most  int
	a, b  []byte
}

func (o *readOp) step(uintptr) bool { return true }

func (o *readOp) do(syscall.RawConn, opKind, []byte) (int, error) {
	panic("sock: raw path on a system without it")
}

type writeOp struct {
	run     func(fd uintptr) bool
	bounded bool
}

func (o *writeOp) step(uintptr) bool { return true }

func (o *writeOp) do(syscall.RawConn, []byte, []byte, bool) (int, error) {
	panic("sock: raw path on a system without it")
}
