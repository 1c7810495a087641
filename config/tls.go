package config

// TLS says whether and how the endpoints of an upstream are spoken to in TLS.
type TLS struct {
	Enabled    bool
	CA         string // PEM file; "" = the system's authorities
	Cert       string // PEM files of our own certificate; both or none
	Key        string
	ServerName string // that the certificate must have; "" = the endpoint's own, or its host's
	Insecure   bool   // whoever answers is believed
}

// upstreamTLS reads [upstream.X.tls]: a table that is there is meant, so it is on
// unless it says otherwise.
func upstreamTLS(above *table) TLS {
	there := above.at("tls").set
	t := above.table("tls")
	defer t.done()
	c := TLS{
		Enabled:    t.flag("enabled", there),
		CA:         t.text("ca", "", checkFile),
		Cert:       t.text("cert", "", checkFile),
		Key:        t.text("key", "", checkFile),
		ServerName: t.text("server_name", "", checkRedisName),
		Insecure:   t.flag("insecure_skip_verify", false),
	}
	t.cross((c.Cert == "") == (c.Key == ""), "cert", "key", "cert and key are set together or not at all")
	t.cross(c.Enabled || c.CA+c.Cert+c.ServerName == "" && !c.Insecure, "ca", "enabled",
		"enabled is false, so ca, cert, server_name and insecure_skip_verify have no effect: set enabled = true")
	t.cross(!c.Insecure || c.CA == "", "ca", "insecure_skip_verify",
		"insecure_skip_verify believes any certificate, so ca has no effect: leave one of them out")
	if c.Enabled && c.Insecure && !t.bad["insecure_skip_verify"] {
		f := t.at("insecure_skip_verify")
		t.r.note(f.line, f.key, "no certificate is verified: whoever can answer in an endpoint's place reads and changes everything")
	}
	return c
}
