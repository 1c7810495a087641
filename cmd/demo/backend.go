package main

import (
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"
)

// How long backends take for a GET. A POST is answered as soon as it is read.
const (
	quick = 80 * time.Millisecond
	slow  = 300 * time.Millisecond
	// spread is the part of it that is drawn, to either side.
	spread = 0.25
)

// maxBody bounds what a backend reads of a request.
const maxBody = 1 << 16

// backend is one instance of the service. Its address stays the same over kill
// and revive, which one goroutine calls.
type backend struct {
	number  int
	note    string // what is special about it, "" if nothing
	address string
	takes   time.Duration
	life    *life // nil while it is down
}

// life is a backend from its start to its death.
type life struct {
	takes  time.Duration
	number int
	srv    *http.Server
	serve  sync.WaitGroup

	mu       sync.Mutex
	over     bool           // guarded by mu
	requests sync.WaitGroup // under way; none is added when it is over
}

// startBackends starts one at a free port for each of the times; the flapping
// one is that of the number.
func startBackends(times []time.Duration, flapping int) ([]*backend, error) {
	var list []*backend
	for i, takes := range times {
		b := &backend{number: i + 1, address: "127.0.0.1:0", takes: takes}
		switch {
		case b.number == flapping:
			b.note = "flapping"
		case takes >= slow:
			b.note = "slow"
		}
		if err := b.revive(); err != nil {
			stopBackends(list)
			return nil, err
		}
		list = append(list, b)
	}
	return list, nil
}

func stopBackends(list []*backend) {
	for _, b := range list {
		b.kill()
	}
}

// revive listens again; an error if the port is taken for now.
func (b *backend) revive() error {
	ln, err := net.Listen("tcp", b.address)
	if err != nil {
		return fmt.Errorf("backend %d: %w", b.number, err)
	}
	b.address = ln.Addr().String()
	l := &life{takes: b.takes, number: b.number}
	// What net/http has to say about connections that break is the point here.
	quiet := slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	l.srv = &http.Server{Handler: l, ReadHeaderTimeout: time.Minute, ErrorLog: quiet}
	l.serve.Go(func() { _ = l.srv.Serve(ln) }) // returns when it is closed
	b.life = l
	return nil
}

// kill closes the listener and every connection, whatever goes on there, as
// the end of a process does.
func (b *backend) kill() {
	if b.life != nil {
		b.life.end()
		b.life = nil
	}
}

func (l *life) end() {
	l.srv.Close()
	l.serve.Wait()
	l.mu.Lock()
	l.over = true
	l.mu.Unlock()
	l.requests.Wait()
}

// enter counts a request; false if it came too late to be one.
func (l *life) enter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.over {
		l.requests.Add(1)
	}
	return !l.over
}

// ServeHTTP answers a GET with its number, after a while, and a POST with its
// body.
func (l *life) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !l.enter() {
		return // its connection is closed
	}
	defer l.requests.Done()
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
		if err == nil {
			w.Write(body)
		}
		return
	}
	pause := time.NewTimer(time.Duration(float64(l.takes) * (1 - spread + 2*spread*rand.Float64())))
	defer pause.Stop()
	select {
	case <-pause.C:
		fmt.Fprintf(w, "hello from backend %d\n", l.number)
	case <-r.Context().Done(): // killed, or nobody waits any more
	}
}
