package kafka

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"sidecar"
	"sidecar/internal/brokers"
)

// brokerTLS is what a broker named "broker" has.
func brokerTLS(t *testing.T) (*tls.Config, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"broker"}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, pool
}

func TestTheSidecarLogsInThroughTLS(t *testing.T) {
	server, pool := brokerTLS(t)
	cluster, _ := brokers.Fake(t, 1, "", kfake.TLS(server), kfake.EnableSASL(), kfake.Superuser(MechanismScram512, "u", "p"))
	d := newDials(t, DialSettings{Mechanism: MechanismScram512, Username: "u", Password: "p"})
	d.tls = &tls.Config{RootCAs: pool, ServerName: "broker", MinVersion: tls.VersionTLS12}
	c := d.open(cluster.ListenAddrs()[0])
	if c.Status(true) != sidecar.Open {
		t.Error("a fresh connection is closed")
	}
	if err := d.ping(c); err != nil {
		t.Error(err)
	}
	if f := c.Reauthenticate(t.Context()); f == nil || !strings.Contains(f.Error(), "ILLEGAL_SASL_STATE; the broker has no logins") {
		t.Errorf("a login without an end is not renewed: %v", f)
	}
}

func TestABrokerThatWantsACertificateSaysSo(t *testing.T) {
	server, pool := brokerTLS(t)
	server.ClientAuth = tls.RequireAnyClientCert
	cluster, _ := brokers.Fake(t, 1, "", kfake.TLS(server))
	d := newDials(t, DialSettings{})
	d.tls = &tls.Config{RootCAs: pool, ServerName: "broker", MinVersion: tls.VersionTLS12}
	_, err := d.Ask(t.Context(), cluster.ListenAddrs()[0], kmsg.NewPtrMetadataRequest())
	if err == nil || !strings.Contains(err.Error(), "certificate required: the broker wants a certificate") {
		t.Errorf("got %v", err)
	}
}

func TestTLSAtABrokerThatIsAskedWithoutIsTold(t *testing.T) {
	server, _ := brokerTLS(t)
	cluster, _ := brokers.Fake(t, 1, "", kfake.TLS(server))
	d := newDials(t, DialSettings{})
	_, err := d.Connect(t.Context(), cluster.ListenAddrs()[0])
	if err == nil || !strings.Contains(err.Error(), "TLS") {
		t.Errorf("got %v", err)
	}
}
