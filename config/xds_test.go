package config

import (
	"strings"
	"testing"
	"time"
)

func TestXDSIsRead(t *testing.T) {
	f, err := Parse("c.toml", []byte(small+`
[xds]
node_id = "host-7"
node_cluster = "edge"
region = "eu"
variant = "sotw"
keepalive = "30s"
token = { file = "/run/token" }
tls = true
tls_ca = "/etc/ca.pem"
tls_cert = "/etc/c.pem"
tls_key = "/etc/k.pem"
tls_name = "plane"
`))
	if err != nil {
		t.Fatal(err)
	}
	want := XDS{
		NodeID: "host-7", NodeCluster: "edge", Region: "eu", Variant: XDSSotW, Keepalive: 30 * time.Second, Token: Secret{File: "/run/token"},
		TLS: true, TLSCA: "/etc/ca.pem", TLSCert: "/etc/c.pem", TLSKey: "/etc/k.pem", TLSName: "plane",
	}
	if f.XDS != want {
		t.Errorf("got %+v", f.XDS)
	}
	sameAgain(t, f)
}

func TestXDSThatCannotBeMeantIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ src, want string }{
		"a secret in the file":       {`token = "hunter2"`, "xds.token: expected { env ="},
		"a token in the clear":       {`token = { env = "T" }`, "a token is not sent where it could be read"},
		"half a certificate":         {"tls = true\ntls_cert = \"/c\"", "set together"},
		"TLS without TLS":            {`tls_ca = "/c"`, "set tls = true"},
		"a form that there is not":   {`variant = "rest"`, `expected one of "auto", "delta", "sotw"`},
		"asking a server to death":   {`keepalive = "1s"`, "expected at least 10s"},
		"a key that there is not":    {`nodeid = "x"`, `did you mean "node_id"`},
		"a node that cannot be told": {"node_id = \"a\\u0000\"", "xds.node_id"},
	} {
		_, err := Parse("c.toml", []byte(small+"[xds]\n"+c.src+"\n"))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v does not say %q", name, err, c.want)
		}
	}
}
