package thrift

import "fmt"

// Auto is the name of what is found out from a client's first bytes.
const Auto = "auto"

// Choice is what an end may speak: one encoding, or those that its first bytes
// can tell apart.
type Choice struct {
	Encoding
	AnyTransport, AnyProtocol bool
}

var (
	transportNames = [...]string{Framed: "framed", Unframed: "unframed", Header: "header"}
	protocolNames  = [...]string{Binary: "binary", Lax: "lax", Compact: "compact"}
)

func (t Transport) String() string { return transportNames[t] }

func (p Protocol) String() string { return protocolNames[p] }

// ParseChoice reads the names of a transport and a protocol, "auto" for any.
func ParseChoice(transport, protocol string) (Choice, error) {
	c := Choice{AnyTransport: transport == Auto, AnyProtocol: protocol == Auto}
	found := c.AnyTransport
	for i, name := range transportNames {
		if name == transport {
			c.Transport, found = Transport(i), true
		}
	}
	if !found {
		return c, fmt.Errorf("no such transport: %q", transport)
	}
	found = c.AnyProtocol
	for i, name := range protocolNames {
		if name == protocol {
			c.Protocol, found = Protocol(i), true
		}
	}
	if !found {
		return c, fmt.Errorf("no such protocol: %q", protocol)
	}
	return c, nil
}

// detect says what a client speaks whose first bytes are b. The problem is More
// while they could be several.
func (c Choice) detect(b []byte) (Encoding, *Problem) {
	e := c.Encoding
	switch {
	case c.AnyTransport && c.AnyProtocol:
		return sniffed(b)
	case c.AnyTransport && c.Protocol == Lax:
		return detectLax(b)
	case c.AnyTransport:
		e, p := sniffed(b)
		if p == nil && e.Transport != Header && e.Protocol != c.Protocol {
			return e, errOtherProtocol
		}
		return e, p
	case c.Transport == Header || !c.AnyProtocol:
		return e, nil
	}
	at := 0
	if c.Transport == Framed {
		at = FrameHead
	}
	if len(b) <= at {
		return e, More
	}
	p, ok := ProtocolOf(b[at])
	if !ok {
		return e, errNotThrift
	}
	e.Protocol = p
	return e, nil
}

// sniffed is Sniff's verdict as a problem.
func sniffed(b []byte) (Encoding, *Problem) {
	e, verdict := Sniff(b)
	switch verdict {
	case IsThrift:
		return e, nil
	case Undecided:
		return e, More
	}
	return e, errNotThrift
}

// allows tells whether a message in p may come, as each of THeader's says its
// own.
func (c Choice) allows(p Protocol) bool { return c.AnyProtocol || c.Protocol == p }

// detectLax tells the transports apart where the protocol is the lax one. Both
// begin with a length of four bytes; that of a name is followed by the name, and
// that of a frame by another length.
func detectLax(b []byte) (Encoding, *Problem) {
	if len(b) <= FrameHead {
		return Encoding{}, More
	}
	e := Encoding{Unframed, Lax}
	switch b[FrameHead] {
	case 0:
		e.Transport = Framed
	case 0x0f:
		e.Transport = Header
	}
	return e, nil
}
