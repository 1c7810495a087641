package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	// paceGrace is how long after the last request was to be sent answers may
	// take: a server that cannot keep up has a queue to work off.
	paceGrace = 20 * time.Second
	// setTimerSlack is prctl's PR_SET_TIMERSLACK. The kernel lets a sleep end 50
	// us late unless told otherwise.
	setTimerSlack = 29
)

// pacer sends requests at a rate over a few connections, from one thread with
// select: a goroutine's timers are up to a millisecond late when nothing else
// runs, which is more than most of the latencies here.
type pacer struct {
	errand
	request []byte
	lines   []*line
	free    []*line // in the order of becoming so: all are used
	began   time.Time
	next    int // request to be sent
	late    []time.Duration
}

// pace sends e.Rate requests a second for e.Length and returns the latency of
// each, from the moment at which it was to be sent to the end of its answer.
func pace(e errand) ([]time.Duration, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// Without it latencies are some 50 us greater, for all alike.
	_, _, _ = syscall.Syscall(syscall.SYS_PRCTL, setTimerSlack, 1, 0)
	p := pacer{errand: e, request: []byte("GET " + e.Path + " HTTP/1.1\r\nHost: " + e.Address + "\r\n" + strings.Join(httpFields(), "\r\n") + "\r\n\r\n")}
	defer func() {
		for _, l := range p.lines {
			l.file.Close()
		}
	}()
	for range e.Conns {
		l, err := connect(e.Address)
		if err != nil {
			return nil, err
		}
		p.lines = append(p.lines, l)
	}
	p.free = append(p.free, p.lines...)
	err := p.run()
	return p.late, err
}

func (p *pacer) total() int { return int(p.Length.Seconds() * float64(p.Rate)) }

// due is when a request is to be sent.
func (p *pacer) due(i int) time.Duration {
	return time.Duration(i) * time.Second / time.Duration(p.Rate)
}

func (p *pacer) run() error {
	p.began = time.Now()
	for len(p.late) < p.total() {
		now := time.Since(p.began)
		if now > p.Length+paceGrace {
			return fmt.Errorf("%d of %d requests were answered %v after the last was to be sent: it does not keep up with %d a second",
				len(p.late), p.total(), paceGrace, p.Rate)
		}
		for p.next < p.total() && len(p.free) > 0 && p.due(p.next) <= now {
			if err := p.send(); err != nil {
				return err
			}
		}
		wait := time.Second
		if p.next < p.total() && len(p.free) > 0 {
			wait = p.due(p.next) - time.Since(p.began)
		}
		if err := p.receive(max(0, wait)); err != nil {
			return err
		}
	}
	return nil
}

func (p *pacer) send() error {
	l := p.free[0]
	p.free = p.free[1:]
	l.due, l.busy = p.due(p.next), true
	p.next++
	// A request is less than any socket's buffer.
	n, err := syscall.Write(l.fd, p.request)
	if err == nil && n < len(p.request) {
		err = errors.New("a request was not taken whole")
	}
	return err
}

// receive waits for answers, at most so long, and takes what has come.
func (p *pacer) receive(wait time.Duration) error {
	var set syscall.FdSet
	top := 0
	for _, l := range p.lines {
		if l.busy {
			set.Bits[l.fd/64] |= 1 << (l.fd % 64)
			top = max(top, l.fd)
		}
	}
	timeout := syscall.NsecToTimeval(wait.Nanoseconds())
	n, err := syscall.Select(top+1, &set, nil, nil, &timeout)
	if errors.Is(err, syscall.EINTR) {
		return nil
	}
	if err != nil {
		return os.NewSyscallError("select", err)
	}
	for _, l := range p.lines {
		if n == 0 || !l.busy || set.Bits[l.fd/64]&(1<<(l.fd%64)) == 0 {
			continue
		}
		whole, err := l.read(p.Body)
		if err != nil {
			return err
		}
		if whole {
			p.late = append(p.late, time.Since(p.began)-l.due)
			l.busy = false
			p.free = append(p.free, l)
		}
	}
	return nil
}
