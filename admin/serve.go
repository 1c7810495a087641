package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// maxConns is how many connections one socket of the port serves; more
	// are closed at once. The probe address may be open to a network.
	maxConns = 512
	// maxHeader is far above what a browser sends.
	maxHeader = 32 << 10
	// headerTime is how long a request's head may take to come.
	headerTime = 5 * time.Second
	// bodyTime is the same for its body. It is armed only where there is one:
	// as http.Server's ReadTimeout it would also end a long profile, whose
	// asker is being read for a close.
	bodyTime = 10 * time.Second
	// writeTime is how long an answer may take; profiles are that long at most.
	writeTime = 2 * time.Minute
	// idleTime is how long a connection may be kept between requests.
	idleTime = time.Minute
	// closeTime is how long the last answers may take at shutdown.
	closeTime = 2 * time.Second
)

// Serve serves h (one of a's handlers) on l until ctx ends, then waits for the
// answers under way, at most closeTime, and returns nil. It closes l. An error
// says why the socket could not be served any more.
func (a *Admin) Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(a.p.Log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(&limited{Listener: l, free: maxConns}) }()
	select {
	case err := <-served:
		return fmt.Errorf("admin: serve %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	if srv.Shutdown(last) != nil {
		srv.Close()
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("admin: serve %s: %w", l.Addr(), err)
	}
	return nil
}

// limited closes connections beyond free as they come. Leaving them in the
// backlog would make a probe wait instead of fail.
type limited struct {
	net.Listener
	mu   sync.Mutex
	free int
}

// Accept gives the next connection for which there is room.
func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.take() {
			return &counted{Conn: c, from: l}, nil
		}
		c.Close()
	}
}

func (l *limited) take() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.free == 0 {
		return false
	}
	l.free--
	return true
}

// counted gives its place back once.
type counted struct {
	net.Conn
	from *limited
	once sync.Once
}

// Close closes the connection and gives its place back.
func (c *counted) Close() error {
	c.once.Do(func() {
		c.from.mu.Lock()
		c.from.free++
		c.from.mu.Unlock()
	})
	return c.Conn.Close()
}
