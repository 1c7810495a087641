package main

import (
	"fmt"
	"os"
	"syscall"

	"sidecar/cmd/daemon"
)

// sidecar is the daemon, run in this process.
type sidecar struct {
	listener, admin string
	notes           []string // on its addresses
	log             *tail
	signals         chan os.Signal
	ended           chan struct{} // closed when it has ended
	code            int           // its exit code, after ended
}

// startSidecar starts what "sidecar run" does, with other addresses.
func startSidecar(p params, backends []*backend) (*sidecar, error) {
	to, err := choose(p.Path, p.Shipped, backends)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(p.Path)
	if err != nil {
		return nil, err
	}
	if _, n := to.replace(text); n != replaced {
		return nil, fmt.Errorf("%s has %d addresses to replace: it needs one listener, one upstream and the admin port", p.Path, n)
	}
	s := &sidecar{notes: to.notes, log: new(tail), signals: make(chan os.Signal, 1), ended: make(chan struct{})}
	started := make(chan daemon.Running, 1)
	go func() {
		defer close(s.ended)
		s.code = daemon.Run(daemon.Params{
			Path: p.Path, Signals: s.signals, Log: s.log, Edit: to.edit,
			Started: func(r daemon.Running) { started <- r },
		})
	}()
	select {
	case r := <-started:
		for _, a := range r.Listeners {
			s.listener = a.String()
		}
		s.admin = r.Admin.String()
		return s, nil
	case <-s.ended:
		return nil, fmt.Errorf("the sidecar did not start:\n%s", s.log.text())
	}
}

// over tells whether the sidecar has ended.
func (s *sidecar) over() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// end drains the sidecar as a SIGTERM does and waits for its end.
func (s *sidecar) end() error {
	select {
	case s.signals <- syscall.SIGTERM:
	case <-s.ended:
	}
	<-s.ended
	if s.code != exitOK {
		return fmt.Errorf("the sidecar ended with %d:\n%s", s.code, s.log.text())
	}
	return nil
}
