package xds

import (
	"context"
	"errors"
	"net"
	"time"

	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

const (
	// maxMessage is the largest response that is taken, in bytes: a hundred
	// thousand endpoints have about ten millions. gRPC's own limit is 4 MiB.
	maxMessage = 64 << 20
	// connectWait is how long a connection may take, with TLS.
	connectWait = 10 * time.Second
	// keepaliveWait is how long the answer to a keepalive may take.
	keepaliveWait = 20 * time.Second
)

// dial makes a connection of its own for one stream. So files of TLS are read
// anew for each, and nothing of a failed connection is left for the next.
func dial(server string, s Settings) (*grpc.ClientConn, error) {
	transport := insecure.NewCredentials()
	if s.TLS != nil {
		cfg, err := s.TLS()
		if err != nil {
			return nil, err
		}
		if cfg.ServerName == "" {
			cfg.ServerName, _, _ = net.SplitHostPort(server)
		}
		transport = credentials.NewTLS(cfg)
	}
	quiet := s.Keepalive
	if quiet == 0 {
		quiet = DefaultKeepalive
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		// The name is resolved by the dialer, for each connection; gRPC's own
		// resolver would keep what it found, and ask for more in TXT records.
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", address)
		}),
		grpc.WithNoProxy(), grpc.WithDisableServiceConfig(), grpc.WithDisableHealthCheck(), grpc.WithDisableRetry(), grpc.WithIdleTimeout(0),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.DefaultConfig, MinConnectTimeout: connectWait}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: quiet, Timeout: keepaliveWait}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)),
		grpc.WithUserAgent("sidecar"),
	}
	if s.Token != nil {
		options = append(options, grpc.WithPerRPCCredentials(bearer{s.Token}))
	}
	return grpc.NewClient("passthrough:///"+server, options...)
}

// bearer gives the token to each stream.
type bearer struct{ token func() (string, error) }

// GetRequestMetadata is called by gRPC for each stream.
func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	token, err := b.token()
	if err != nil {
		return nil, err
	}
	for _, c := range []byte(token) {
		if c <= ' ' || c > '~' {
			return nil, errors.New("the token has characters that a token cannot have")
		}
	}
	return map[string]string{"authorization": "Bearer " + token}, nil
}

// RequireTransportSecurity keeps the token from being read on its way.
func (bearer) RequireTransportSecurity() bool { return true }

// open opens a stream of that form over c.
func open(ctx context.Context, c *grpc.ClientConn, v Variant, s Settings) (dialect, error) {
	client := discoveryv3.NewAggregatedDiscoveryServiceClient(c)
	node := nodeOf(s)
	if v == SotW {
		stream, err := client.StreamAggregatedResources(ctx)
		return &sotw{stream: stream, node: node}, err
	}
	stream, err := client.DeltaAggregatedResources(ctx)
	return &delta{stream: stream, node: node}, err
}
