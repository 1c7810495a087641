package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"
)

// selectable is where the sets of select end.
const selectable = 1024

// line is a connection of the pacer's with at most one request on it.
type line struct {
	file *os.File
	fd   int
	busy bool
	due  time.Duration // of its request
	got  []byte        // of its answer
}

func connect(address string) (*line, error) {
	nc, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	defer nc.Close()
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return nil, fmt.Errorf("%s is no TCP address", address)
	}
	f, err := tcp.File() // a copy outside of the runtime's poller
	if err != nil {
		return nil, err
	}
	l := &line{file: f, fd: int(f.Fd())}
	if l.fd >= selectable {
		f.Close()
		return nil, errors.New("too many descriptors are open for select")
	}
	return l, syscall.SetNonblock(l.fd, true)
}

// read takes what has come and tells whether the answer is whole; one that is
// not as it must be is an error.
func (l *line) read(body int) (bool, error) {
	var buf [16 * kib]byte
	n, err := syscall.Read(l.fd, buf[:])
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR) {
		return false, nil
	}
	if err != nil {
		return false, os.NewSyscallError("read", err)
	}
	if n == 0 {
		return false, errors.New("the connection ended before the answer")
	}
	l.got = append(l.got, buf[:n]...)
	whole, err := answered(l.got, body)
	if whole {
		l.got = l.got[:0]
	}
	return whole, err
}

// answered tells whether got is one whole answer with that many bytes of body.
func answered(got []byte, body int) (bool, error) {
	head, rest, ok := bytes.Cut(got, []byte("\r\n\r\n"))
	if !ok {
		return false, nil
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 200 ")) {
		status, _, _ := bytes.Cut(head, []byte("\r\n"))
		return false, fmt.Errorf("got %q, want 200", status)
	}
	for field := range bytes.Lines(head) {
		name, value, _ := bytes.Cut(field, []byte(":"))
		if bytes.EqualFold(name, []byte("Content-Length")) && string(bytes.TrimSpace(value)) != strconv.Itoa(body) {
			return false, fmt.Errorf("got an answer of %s bytes, want %d", bytes.TrimSpace(value), body)
		}
	}
	if len(rest) > body {
		return false, fmt.Errorf("got %d bytes behind the answer", len(rest)-body)
	}
	return len(rest) == body, nil
}
