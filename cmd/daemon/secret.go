package daemon

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"

	"sidecar/config"
)

// maxSecret is the size of the largest secret, in bytes.
const maxSecret = 64 << 10

// readSecret reads a secret from where it is. Errors do not repeat it.
func readSecret(s config.Secret) (string, error) {
	if s.Env != "" {
		v := os.Getenv(s.Env)
		if v == "" {
			return "", fmt.Errorf("the environment has no %s: set it, or correct the name", s.Env)
		}
		return v, nil
	}
	f, err := os.Open(s.File)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecret))
	if err != nil {
		return "", err
	}
	if text = bytes.TrimRight(text, "\r\n"); len(text) == 0 {
		return "", fmt.Errorf("%s is empty", s.File)
	}
	return string(text), nil
}

// tlsNames are the keys that files of TLS are configured by, for errors.
type tlsNames struct{ ca, cert, key string }

// registryKeys are those of registries.
var registryKeys = tlsNames{"tls_ca", "tls_cert", "tls_key"}

// tlsConfig is what TLS as a client needs: PEM files, "" for the system's
// authorities and for no certificate of our own, and the name that the server's
// certificate must have, "" for the host's.
func tlsConfig(keys tlsNames, ca, cert, key, name string) (*tls.Config, error) {
	c := &tls.Config{ServerName: name, MinVersion: tls.VersionTLS12}
	if ca != "" {
		if err := regular(ca); err != nil {
			return nil, fmt.Errorf("%s: %w", keys.ca, err)
		}
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", keys.ca, err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: %s has no certificate in PEM", keys.ca, ca)
		}
	}
	if cert != "" {
		own, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("%s and %s: %w", keys.cert, keys.key, err)
		}
		c.Certificates = []tls.Certificate{own}
	}
	return c, nil
}
