package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"

	"sidecar/config"
	"sidecar/discovery"
)

// dialing makes the sockets to an upstream's endpoints, with TLS where that is
// configured.
type dialing struct {
	tls  atomic.Pointer[tls.Config]        // nil: plain
	from atomic.Pointer[net.TCPAddr]       // nil: the system's choice
	ways atomic.Pointer[map[string]string] // from where an endpoint says it is to where it is dialled
}

// tlsKeys are the keys of [upstream.X.tls], as errors name them.
var tlsKeys = tlsNames{"ca", "cert", "key"}

// upstreamTLS is what TLS to the endpoints of u needs, nil if they speak none. It
// reads the files.
func upstreamTLS(u config.Upstream) (*tls.Config, error) {
	if !u.TLS.Enabled {
		return nil, nil
	}
	c, err := tlsConfig(tlsKeys, u.TLS.CA, u.TLS.Cert, u.TLS.Key, u.TLS.ServerName)
	if err != nil {
		return nil, err
	}
	c.InsecureSkipVerify = u.TLS.Insecure // #nosec G402 -- asked for by name, and noted at every start
	// Sessions are resumed, or every connection would cost both sides a signature.
	c.ClientSessionCache = tls.NewLRUClientSessionCache(maxSessions)
	return c, nil
}

// maxSessions is how many servers' sessions are kept for one upstream.
const maxSessions = 256

// set reads what u says of TLS and of the address to come from, for connections to come. Files that cannot be
// read leave what was there.
func (d *dialing) set(u config.Upstream) error {
	c, err := upstreamTLS(u)
	if err != nil {
		return fmt.Errorf("%s.tls: %w", u.Key, err)
	}
	d.tls.Store(c)
	var from *net.TCPAddr
	if ip := net.ParseIP(u.SourceAddress); ip != nil {
		from = &net.TCPAddr{IP: ip}
	}
	d.from.Store(from)
	ways := map[string]string{}
	for _, to := range u.Kafka.Dial {
		ways[to.Broker] = to.Address
	}
	d.ways.Store(&ways)
	return nil
}

// endpointName carries, to Dial, the name that discovery has for the endpoint
// that is dialled. The dialers of protocols know addresses only.
type endpointName struct{}

// withName is ctx for dialling e.
func withName(ctx context.Context, e discovery.Endpoint) context.Context {
	if e.TLSName == "" {
		return ctx
	}
	return context.WithValue(ctx, endpointName{}, e.TLSName)
}

// way is where what says that it is at address is dialled.
func (d *dialing) way(address string) string {
	if ways := d.ways.Load(); ways != nil && (*ways)[address] != "" {
		return (*ways)[address]
	}
	return address
}

// Dial connects, and greets in TLS. The name that the certificate must have is
// the configured one, else the endpoint's in discovery, else its host, wherever it
// is dialled.
func (d *dialing) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	to := d.way(address)
	var dialer net.Dialer
	if from := d.from.Load(); from != nil && network == "tcp" {
		dialer.LocalAddr = from
	}
	plain, err := dialer.DialContext(ctx, network, to)
	set := d.tls.Load()
	if err != nil || set == nil {
		return plain, err
	}
	if set.ServerName == "" {
		set = set.Clone()
		name, _ := ctx.Value(endpointName{}).(string)
		if name == "" {
			name, _, _ = net.SplitHostPort(address)
		}
		set.ServerName = name
	}
	conn := tls.Client(plain, set)
	if err := conn.HandshakeContext(ctx); err != nil {
		plain.Close()
		return nil, tlsFailure(err, set)
	}
	return conn, nil
}

// tlsFailure is err as people can act on it.
func tlsFailure(err error, set *tls.Config) error {
	text := err.Error()
	hint := ""
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		hint = "no answer in time: does the endpoint speak TLS at this port?"
	case err == io.EOF, errors.Is(err, syscall.ECONNRESET): // as a Kafka broker does at a plain port
		hint = "the endpoint ended the greeting: does it speak TLS at this port?"
	case strings.Contains(text, "has expired or is not yet valid"):
		hint = "renew the endpoint's certificate, or set this machine's clock"
	case strings.Contains(text, "unknown authority"):
		hint = "set tls.ca to the file of the authority that signed it"
	case strings.Contains(text, "first record does not look like a TLS handshake"):
		hint = "the endpoint speaks no TLS at this port"
	case strings.Contains(text, "certificate is valid for"), strings.Contains(text, "doesn't contain any IP SANs"), strings.Contains(text, "not valid for any names"):
		hint = "set tls.server_name to the name that it has"
	case strings.Contains(text, "certificate required"), strings.Contains(text, "bad certificate"):
		hint = "the endpoint asks for a certificate: set tls.cert and tls.key"
	}
	if hint == "" {
		return fmt.Errorf("TLS as %q: %w", set.ServerName, err)
	}
	// What to do comes first: the rest is long, and may be cut off.
	return fmt.Errorf("TLS as %q: %s: %w", set.ServerName, hint, err)
}

// checkTLS is what is wrong with the files of u.
func checkTLS(f *config.File, u config.Upstream) []config.Problem {
	_, err := upstreamTLS(u)
	if err == nil {
		return nil
	}
	key, text, _ := strings.Cut(err.Error(), ": ")
	key, _, _ = strings.Cut(key, " ") // "cert and key" is told at the first
	return []config.Problem{f.ProblemAt(u.Key+".tls."+key, text)}
}

// regular refuses what is no file, before it is read: a pipe would be waited for.
func regular(path string) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", path)
	}
	return nil
}
