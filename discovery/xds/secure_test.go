package xds

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"sidecar/internal/ads"
)

// identity is a certificate of its own authority, for server and client.
func identity(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "plane"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		DNSNames: []string{"plane"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	own, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(own)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestMutualTLSAndToken(t *testing.T) {
	own, pool := identity(t)
	stranger, _ := identity(t)
	var token atomic.Value
	token.Store("Bearer right")
	p := ads.New(t, ads.Params{Options: []grpc.ServerOption{
		grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, MinVersion: tls.VersionTLS12})),
		grpc.StreamInterceptor(func(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			if md, _ := metadata.FromIncomingContext(s.Context()); strings.Join(md.Get("authorization"), ",") != token.Load() {
				return status.Error(codes.Unauthenticated, "who are you?")
			}
			return handler(srv, s)
		}),
	}})
	p.Set("1", ads.Clusters("web"), ads.Load(t, "web", "10.0.0.1:80"))
	with := func(certificate tls.Certificate, roots *x509.CertPool, secret string) Settings {
		return Settings{
			NodeID: "test", Token: func() (string, error) { return secret, nil },
			TLS: func() (*tls.Config, error) {
				return &tls.Config{Certificates: []tls.Certificate{certificate}, RootCAs: roots, MinVersion: tls.VersionTLS12}, nil
			},
		}
	}
	good := newClient(t, with(own, pool, "right"))
	r := good.follow(p.Address, "web")
	r.wants("10.0.0.1")
	newClient(t, with(own, pool, "wrong")).follow(p.Address, "web").fails("does not let this process in (set token, or tls_cert and tls_key, in [xds]): who are you?")
	newClient(t, with(stranger, pool, "right")).follow(p.Address, "web").fails("no stream with")
	newClient(t, with(own, x509.NewCertPool(), "right")).follow(p.Address, "web").fails("certificate")
	newClient(t, with(own, pool, "ri\nght")).follow(p.Address, "web").fails("characters that a token cannot have")
	newClient(t, Settings{NodeID: "test"}).follow(p.Address, "web").fails("no stream with")

	// A token that was changed is taken with the next stream.
	token.Store("Bearer new")
	good.set(with(own, pool, "new"))
	good.all.Reconnect()
	p.Set("2", ads.Clusters("web"), ads.Load(t, "web", "10.0.0.2:80"))
	r.wants("10.0.0.2")
}

func TestTokenIsNotSentInTheClear(t *testing.T) {
	p := ads.New(t, ads.Params{})
	s := Settings{NodeID: "test", Token: func() (string, error) { return "hunter2", nil }}
	r := newClient(t, s).follow(p.Address, "web")
	r.fails("no stream with")
	if _, trouble := r.shown(); strings.Contains(trouble, "hunter2") {
		t.Errorf("got %q", trouble)
	}
	if p.Streams() > 0 {
		t.Error("there was a stream")
	}
}
