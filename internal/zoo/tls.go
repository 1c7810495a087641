package zoo

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http/httptest"
	"sync"
	"testing"
)

// TLS takes TLS in front of a server that speaks plain, as "example.com", and
// gives its address and who signed its certificate. It ends with the test.
func TLS(t testing.TB, target string) (string, *x509.CertPool) {
	t.Helper()
	made := httptest.NewTLSServer(nil) // for its certificate
	cas := x509.NewCertPool()
	cas.AddCert(made.Certificate())
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: made.TLS.Certificates, MinVersion: tls.VersionTLS12})
	made.Close()
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { join(c, target) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		wg.Wait()
	})
	return ln.Addr().String(), cas
}

// join brings bytes across both ways until one side ends.
func join(c net.Conn, target string) {
	defer c.Close()
	s, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer s.Close()
	var wg sync.WaitGroup
	wg.Go(func() {
		defer s.Close()
		_, _ = io.Copy(s, c)
	})
	_, _ = io.Copy(c, s)
	c.Close()
	wg.Wait()
}
