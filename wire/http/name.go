package http

// Name is a field that the forwarding rules know by name.
type Name uint8

// The known fields; Other is every other.
const (
	Other Name = iota
	Connection
	KeepAlive
	ProxyConnection
	TE
	TransferEncoding
	Upgrade
	Trailer
	ContentLength
	Host
	Expect
	Via
	XForwardedFor
	XForwardedProto
	XForwardedHost
	XRequestID
	Date
	// How long the client waits for the reply; see AsksTime.
	GRPCTimeout
	XRequestTimeout
	EnvoyExpectedTimeout
	EnvoyUpstreamTimeout
)

// Vouched tells whether a field of that name says what a proxy before us vouches
// for: it is passed on only where that is trusted.
func (n Name) Vouched() bool { return n >= XForwardedFor && n <= XForwardedHost }

// Known is which known field p names, in any case. Length and first byte
// decide for almost every other field.
func Known(p []byte) Name {
	switch len(p) {
	case 2:
		return match(p, "te", TE)
	case 3:
		return match(p, "via", Via)
	case 4:
		if p[0]|0x20 == 'h' {
			return match(p, "host", Host)
		}
		return match(p, "date", Date)
	case 6:
		return match(p, "expect", Expect)
	case 7:
		if p[0]|0x20 == 'u' {
			return match(p, "upgrade", Upgrade)
		}
		return match(p, "trailer", Trailer)
	case 10:
		if p[0]|0x20 == 'c' {
			return match(p, "connection", Connection)
		}
		return match(p, "keep-alive", KeepAlive)
	case 12:
		if p[0]|0x20 == 'g' {
			return match(p, "grpc-timeout", GRPCTimeout)
		}
		return match(p, "x-request-id", XRequestID)
	case 14:
		return match(p, "content-length", ContentLength)
	case 15:
		return match(p, "x-forwarded-for", XForwardedFor)
	case 16:
		if p[0]|0x20 == 'p' {
			return match(p, "proxy-connection", ProxyConnection)
		}
		return match(p, "x-forwarded-host", XForwardedHost)
	case 17:
		if p[0]|0x20 == 't' {
			return match(p, "transfer-encoding", TransferEncoding)
		}
		if p[2]|0x20 == 'r' {
			return match(p, "x-request-timeout", XRequestTimeout)
		}
		return match(p, "x-forwarded-proto", XForwardedProto)
	case 30:
		if p[8]|0x20 == 'e' {
			return match(p, "x-envoy-expected-rq-timeout-ms", EnvoyExpectedTimeout)
		}
		return match(p, "x-envoy-upstream-rq-timeout-ms", EnvoyUpstreamTimeout)
	}
	return Other
}

func match(p []byte, lower string, n Name) Name {
	// The first byte tells most apart, and costs less than the call.
	if p[0]|0x20 == lower[0] && EqualFold(p, lower) {
		return n
	}
	return Other
}
