package listener

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"sidecar"
	"sidecar/sock"
)

// TLS has clients speak TLS. Such connections are not parked: what is read for TLS
// itself lies above the socket. The server's Refuse must not write to them.
type TLS struct {
	// Settings are the certificate in force for connections to come, and how long
	// a greeting may take. Safe for concurrent calls.
	Settings func() (*tls.Config, time.Duration)
	// Refused is told, on the connection's goroutine, of a client (its address)
	// with whom the greeting failed, and why in words. nil: nobody.
	Refused func(client string, err error)
}

// covered is nc as clients of the listener speak.
func (l *Listener) covered(nc net.Conn) net.Conn {
	if l.p.TLS == nil {
		return nc
	}
	config, _ := l.p.TLS.Settings()
	return tls.Server(nc, config)
}

// greet does the greeting of TLS, on the connection's own goroutine: a client that
// takes its time keeps nobody else from being accepted. false: it failed, and the
// connection is closed.
func (c *conn) greet() bool {
	nc, ok := c.c.NetConn().(*tls.Conn)
	if !ok {
		return true
	}
	_, most := c.l.p.TLS.Settings()
	ctx, cancel := context.WithTimeout(c.ctx, most)
	defer cancel()
	err := nc.HandshakeContext(ctx)
	if err == nil {
		return true
	}
	c.l.ungreeted(nc.RemoteAddr().String(), err)
	c.c.Close()
	return false
}

// ungreeted tells of a client whose greeting failed, but for one that has just
// looked whether anybody is there, as health checks do.
func (l *Listener) ungreeted(client string, err error) {
	l.p.Stats.Ungreeted.Inc()
	if err == io.EOF || sock.IsReset(err) {
		return
	}
	if hint := greetingHint(err); hint != "" {
		err = fmt.Errorf("%s: %w", hint, err) // what to do comes first: the rest may be cut off
	}
	if l.p.TLS.Refused != nil {
		l.p.TLS.Refused(client, err)
	}
	if n := l.rude.add(sidecar.Now()); n > 0 {
		l.p.Log.Warn("connections refused: clients cannot greet in TLS", "listener", l.p.Name, "client", client, "error", err, "refused", n)
	}
}

// greetingHint is what to do about it.
func greetingHint(err error) string {
	var first tls.RecordHeaderError
	text := err.Error()
	switch {
	case errors.As(err, &first) && isVerb(first.RecordHeader[:]):
		return "the client speaks HTTP to this port"
	case errors.As(err, &first):
		return "the client speaks no TLS to this port, which wants it: set security.protocol of the client to SSL or SASL_SSL, or leave [listener.tls] out"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "the client did not end its greeting in time"
	case strings.Contains(text, "didn't provide a certificate"):
		return "client_ca in [listener.tls] has clients show one: give the client a certificate, or leave client_ca out"
	case strings.Contains(text, "failed to verify certificate"):
		return "the client's certificate is of no authority in client_ca of [listener.tls], or has expired"
	case strings.Contains(text, "unknown certificate"), strings.Contains(text, "bad certificate"), strings.Contains(text, "certificate unknown"):
		return "the client does not trust the certificate of [listener.tls]: give it the authority that signed it, and connect by a name in it"
	}
	return ""
}

// isVerb tells whether a request of HTTP begins so.
func isVerb(b []byte) bool {
	for _, verb := range [...]string{"GET ", "POST", "PUT ", "HEAD", "OPTI", "DELE", "PATC", "CONN"} {
		if strings.HasPrefix(string(b), verb) {
			return true
		}
	}
	return false
}

// shared are refusals that several goroutines count.
type shared struct {
	mu sync.Mutex
	refusals
}

func (s *shared) add(now int64) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refusals.add(now)
}
