package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"
)

const (
	// holdFor is how long connections are left alone before memory is read:
	// proxies give theirs back some time after a connection went idle.
	holdFor = 8 * time.Second
	// maxHeld is how many are held where the limit of descriptors allows.
	maxHeld = 9000
	// spareFiles are for what is no client's or backend's connection.
	spareFiles = 1000
)

// held is what idle connections cost one target.
type held struct {
	name         string
	conns        int
	before, with int64   // resident memory, without and with them
	idle         float64 // CPU seconds a second meanwhile
}

// fileLimit is how many descriptors a process may have here.
func fileLimit() int {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 1024
	}
	return int(min(l.Max, 1<<20))
}

// idleConns is how many connections a proxy can be given here if each may cost
// it one to the backend too, as HAProxy reckons.
func idleConns() int { return max(100, min(maxHeld, (fileLimit()-spareFiles)/2/100*100)) }

// hold opens idle connections to a proxy, on each of which one request was
// answered, and reads what they cost.
func hold(ctx context.Context, p *process, w workload) (held, error) {
	h := held{name: p.name, conns: w.hold}
	var err error
	if h.before, err = groupRSS(p.group); err != nil {
		return held{}, err
	}
	conns := make([]net.Conn, 0, w.hold)
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	greet := w.greet
	if greet == nil {
		greet = greetHTTP
	}
	request, whole := greet(w, p.Address)
	for range w.hold {
		c, err := heldConn(p.Address, request, whole)
		if err != nil {
			return held{}, fmt.Errorf("%s, connection %d: %w", p.name, len(conns)+1, err)
		}
		conns = append(conns, c)
	}
	if err := wait(ctx, holdFor/2); err != nil {
		return held{}, err
	}
	used, err := groupCPU(p.group)
	if err != nil {
		return held{}, err
	}
	if err := wait(ctx, holdFor/2); err != nil {
		return held{}, err
	}
	after, err := groupCPU(p.group)
	if err != nil {
		return held{}, err
	}
	h.idle = share(after-used, holdFor/2)
	h.with, err = groupRSS(p.group)
	return h, err
}

// greeting is what a held connection says before it is idle, and whether the answer
// so far is whole; one that is not as it must be is an error.
type greeting func(w workload, address string) (request string, whole func(got []byte) (bool, error))

func greetHTTP(w workload, address string) (string, func(got []byte) (bool, error)) {
	return "GET " + w.path + " HTTP/1.1\r\nHost: " + address + "\r\n" + strings.Join(httpFields(), "\r\n") + "\r\n\r\n",
		func(got []byte) (bool, error) { return answered(got, w.body) }
}

// heldConn is a connection on which a request was answered.
func heldConn(address, request string, whole func(got []byte) (bool, error)) (net.Conn, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	if err := c.SetDeadline(time.Now().Add(readyWithin)); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(c, request); err != nil {
		return nil, err
	}
	var got []byte
	buf := make([]byte, 4*kib)
	for {
		n, err := c.Read(buf)
		got = append(got, buf[:n]...)
		if is, bad := whole(got); is || bad != nil {
			return c, bad
		}
		if err != nil {
			return nil, err
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
