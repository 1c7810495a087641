package listener

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"sidecar"
	"sidecar/sock"
	"sidecar/varz"
)

// lines serves clients whose every word is given back, by reads that wait.
type lines struct{}

func (lines) NewClient(c *sock.Conn) Client              { return line{c} }
func (lines) Refuse(c *sock.Conn, reason sidecar.Reason) { _ = c.Abort() }
func (lines) Drain()                                     {}

type line struct{ c *sock.Conn }

func (l line) Serve(context.Context) bool {
	buf := make([]byte, 64)
	for {
		n, err := l.c.Read(buf)
		if err != nil {
			l.c.Close()
			return false
		}
		l.c.Write(buf[:n], nil)
	}
}

func (l line) Drain(bool) { l.c.Close() }

// certificate is one for 127.0.0.1 that has signed itself.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestClientsGreetInTLS(t *testing.T) {
	cert, pool := certificate(t)
	config := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	strict := config.Clone()
	strict.ClientCAs, strict.ClientAuth = pool, tls.RequireAndVerifyClientCert
	good := &tls.Config{RootCAs: pool}
	known := &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{cert}}
	plain := func(text string) func(net.Conn) { return func(c net.Conn) { c.Write([]byte(text)) } }
	in := func(config *tls.Config) func(net.Conn) {
		return func(c net.Conn) {
			if nc := tls.Client(c, config); nc.Handshake() == nil {
				_, _ = nc.Read(make([]byte, 1)) // TLS 1.3 refuses a client behind the greeting
			}
		}
	}
	for _, c := range []struct {
		name   string
		config *tls.Config
		client func(net.Conn)
		want   string // "" = it is served
		most   time.Duration
	}{
		{"a client that trusts the certificate", config, nil, "", time.Minute},
		{"a client with a certificate", strict, nil, "", time.Minute},
		{"no TLS", config, plain("\x00\x00\x00\x20\x00\x12\x00\x03\x00\x00\x00\x01"), "the client speaks no TLS to this port, which wants it: set security.protocol", time.Minute},
		{"HTTP", config, plain("GET / HTTP/1.1\r\n\r\n"), "the client speaks HTTP", time.Minute},
		{"no trust", config, in(&tls.Config{ServerName: "127.0.0.1"}), "the client does not trust the certificate", time.Minute},
		{"no certificate", strict, in(named(good)), "client_ca in [listener.tls] has clients show one", time.Minute},
		{"silence", config, func(net.Conn) {}, "did not end its greeting in time", 10 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			registry := new(varz.Registry)
			refused := make(chan error, 1)
			l, err := Listen(t.Context(), Params{
				Name: "k", Address: "127.0.0.1:0", Server: lines{}, MaxConnections: 10, IdleTimeout: time.Minute, Stats: NewStats(registry, "k"), Log: slog.New(slog.DiscardHandler),
				Lot: newLot(t),
				TLS: &TLS{Settings: func() (*tls.Config, time.Duration) { return c.config, c.most }, Refused: func(_ string, err error) { refused <- err }},
			})
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- l.Run(context.Background()) }()
			defer func() {
				l.Stop()
				<-done
				l.Drain(context.Background())
			}()
			nc, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			if c.want == "" {
				known := known.Clone()
				known.ServerName = "127.0.0.1"
				speak(t, tls.Client(nc, known))
				return
			}
			c.client(nc)
			if err := <-refused; !strings.Contains(err.Error(), c.want) {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

func newLot(t *testing.T) *sock.Lot {
	lot, err := sock.NewLot(sidecar.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(lot.Close)
	return lot
}

// speak says a word, and hears it.
func speak(t *testing.T, c *tls.Conn) {
	t.Helper()
	if err := c.HandshakeContext(t.Context()); err != nil {
		t.Error(err)
		return
	}
	buf := make([]byte, 8)
	c.Write([]byte("hello"))
	if n, err := c.Read(buf); string(buf[:n]) != "hello" {
		t.Errorf("heard %q, %v", buf[:n], err)
	}
}

func named(c *tls.Config) *tls.Config {
	c.ServerName = "127.0.0.1"
	return c
}
