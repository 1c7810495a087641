package config

import "time"

// The forms of the xDS protocol.
const (
	XDSAuto  = "auto"
	XDSDelta = "delta"
	XDSSotW  = "sotw"
)

// minKeepalive is the least that gRPC takes, and would raise less to.
const minKeepalive = 10 * time.Second

// XDS says how control planes are spoken to, and what the process says of
// itself there.
type XDS struct {
	NodeID      string // "" = the host's name
	NodeCluster string
	Region      string
	Variant     string        // XDSAuto, XDSDelta or XDSSotW
	Keepalive   time.Duration // at least 10 s
	Token       Secret        // zero = none; only with TLS
	TLS         bool
	TLSCA       string // PEM file; "" = the system's
	TLSCert     string // PEM files; both or none
	TLSKey      string
	TLSName     string // that the server's certificate must have; "" = the host's
}

func xds(root *table) XDS {
	t := root.table("xds")
	defer t.done()
	x := XDS{
		NodeID:      t.text("node_id", "", checkZone),
		NodeCluster: t.text("node_cluster", "", checkZone),
		Region:      t.text("region", "", checkZone),
		Variant:     t.choose("variant", XDSAuto, choice{names: []string{XDSAuto, XDSDelta, XDSSotW}}),
		Keepalive:   t.span("keepalive", "5m0s", ""),
		Token:       t.secret("token"),
		TLS:         t.flag("tls", false),
		TLSCA:       t.text("tls_ca", "", checkFile),
		TLSCert:     t.text("tls_cert", "", checkFile),
		TLSKey:      t.text("tls_key", "", checkFile),
		TLSName:     t.text("tls_name", "", nil),
	}
	if f := t.at("keepalive"); x.Keepalive < minKeepalive && !t.bad["keepalive"] {
		f.fail("expected at least %s, got %s", durationText(minKeepalive), durationText(x.Keepalive))
	}
	t.cross((x.TLSCert == "") == (x.TLSKey == ""), "tls_cert", "tls_key", "tls_cert and tls_key are set together or not at all")
	t.cross(x.TLS || x.TLSCA+x.TLSCert+x.TLSName == "", "tls_ca", "tls", "tls is false, so tls_ca, tls_cert and tls_name have no effect: set tls = true")
	t.cross(x.TLS || x.Token == (Secret{}), "token", "tls", "tls is false, and a token is not sent where it could be read on its way: set tls = true")
	return x
}
