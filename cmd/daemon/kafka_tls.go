package daemon

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/config"
	"sidecar/listener"
)

// greeting is the TLS that clients of a listener speak; nil for none.
type greeting struct {
	config atomic.Pointer[tls.Config]
	most   atomic.Int64 // nanoseconds
}

// newGreeting is that of l, nil if its clients speak no TLS. That stays so as long
// as the process does; certificates and authorities are read anew by reloads.
func newGreeting(l config.Listener) (*greeting, error) {
	if l.Kafka.TLS.Cert == "" {
		return nil, nil
	}
	g := new(greeting)
	return g, g.set(l)
}

// set reads l's files, for connections to come. Files that cannot be read leave
// what was there.
func (g *greeting) set(l config.Listener) error {
	if g == nil {
		return nil
	}
	c, err := clientsTLS(l.Kafka.TLS)
	if err != nil {
		return fmt.Errorf("%s.tls.%w", l.Key, err)
	}
	g.config.Store(c)
	g.most.Store(int64(l.HeaderTimeout))
	return nil
}

// forListener is the greeting as f's listener does it.
func (g *greeting) forListener(f *front) *listener.TLS {
	if g == nil {
		return nil
	}
	return &listener.TLS{
		Settings: func() (*tls.Config, time.Duration) { return g.config.Load(), time.Duration(g.most.Load()) },
		Refused: func(client string, err error) {
			x := &sidecar.Exchange{Received: sidecar.Now()}
			f.ring.Add(x, &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromClient | sidecar.Rejected, Reason: sidecar.BadRequest, Err: ungreeted{fmt.Errorf("%s: %w", client, err)}}, sidecar.Now())
		},
	}
}

// ungreeted is the failure of a client's greeting.
type ungreeted struct{ error }

// Told is its text, which has nothing of what the client sent.
func (u ungreeted) Told() string { return u.Error() }

// clientsTLS is what TLS as a server needs. Errors begin with the key at fault.
func clientsTLS(t config.ServerTLS) (*tls.Config, error) {
	for _, file := range [...]struct{ key, path string }{{"cert", t.Cert}, {"key", t.Key}, {"client_ca", t.ClientCA}} {
		if err := regular(file.path); err != nil {
			return nil, fmt.Errorf("%s: %w", file.key, err)
		}
	}
	own, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("cert: cert and key: %w", err)
	}
	c := &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12}
	if t.ClientCA == "" {
		return c, nil
	}
	pem, err := os.ReadFile(t.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("client_ca: %w", err)
	}
	c.ClientCAs, c.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
	if !c.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("client_ca: %s has no certificate in PEM", t.ClientCA)
	}
	return c, nil
}

// checkClientsTLS is what is wrong with the files of f's listeners.
func checkClientsTLS(f *config.File) (problems []config.Problem) {
	for _, l := range f.Listeners {
		if l.Kafka.TLS.Cert == "" {
			continue
		}
		if _, err := clientsTLS(l.Kafka.TLS); err != nil {
			key, text, _ := strings.Cut(err.Error(), ": ")
			problems = append(problems, f.ProblemAt(l.Key+".tls."+key, text))
		}
	}
	return problems
}
