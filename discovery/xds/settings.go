package xds

import (
	"crypto/tls"
	"time"
)

// Variant is a form of the protocol.
type Variant string

// The forms of the protocol.
const (
	Auto  Variant = "auto"  // Delta, and StateOfWorld from a control plane that does not know it
	Delta Variant = "delta" // incremental
	SotW  Variant = "sotw"  // state of the world
)

// DefaultKeepalive is after how long without a word a control plane is asked
// whether it is still there. Less than five minutes is more than a gRPC server
// bears unless it was told to: it would close the connection.
const DefaultKeepalive = 5 * time.Minute

// Settings are how control planes are spoken to.
type Settings struct {
	NodeID      string
	NodeCluster string
	Region      string
	Zone        string
	Version     string        // of this program, for people
	Variant     Variant       // "" = Auto
	Keepalive   time.Duration // 0 = DefaultKeepalive; gRPC takes no less than 10 s
	// Token gives a bearer token, asked anew for each stream; nil = none. It is
	// only sent with TLS.
	Token func() (string, error)
	// TLS gives what TLS needs, asked anew for each connection; nil = plain.
	// The server's name is filled in.
	TLS func() (*tls.Config, error)
}
