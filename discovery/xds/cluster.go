package xds

import (
	"errors"
	"fmt"
	"net"
	"strconv"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"

	"sidecar/discovery"
)

// cluster is what is taken of a cluster: exactly one of service and fixed says
// where its endpoints are.
type cluster struct {
	service string   // the name of its endpoints in EDS
	fixed   *members // those that are written in it
}

// parseCluster takes what counts of a cluster, or says why it cannot be used.
func parseCluster(c *clusterv3.Cluster) (cluster, error) {
	if err := checkTransport(c); err != nil {
		return cluster{}, err
	}
	var out cluster
	kind, plain := c.GetClusterDiscoveryType().(*clusterv3.Cluster_Type)
	if c.GetClusterDiscoveryType() != nil && !plain {
		return cluster{}, fmt.Errorf("cluster_type %q is not supported: expected type EDS, STATIC, STRICT_DNS or LOGICAL_DNS", told(c.GetClusterType().GetName()))
	}
	of := clusterv3.Cluster_STATIC // the value of a type that is not set
	if kind != nil {
		of = kind.Type
	}
	switch of {
	case clusterv3.Cluster_EDS:
		if err := checkSource(c.GetEdsClusterConfig().GetEdsConfig()); err != nil {
			return cluster{}, err
		}
		if out.service = c.GetEdsClusterConfig().GetServiceName(); out.service == "" {
			out.service = c.GetName()
		}
		if len(out.service) > maxCluster {
			return cluster{}, fmt.Errorf("eds_cluster_config.service_name has %d bytes, more than the limit of %d", len(out.service), maxCluster)
		}
		return out, nil
	case clusterv3.Cluster_STATIC:
		m, err := parseLoad(c.GetLoadAssignment())
		if err != nil {
			return cluster{}, err
		}
		out.fixed = &m
		return out, nil
	case clusterv3.Cluster_LOGICAL_DNS:
		m, err := logical(c)
		if err != nil {
			return cluster{}, err
		}
		out.fixed = &m
		return out, nil
	case clusterv3.Cluster_STRICT_DNS:
		m, err := strict(c)
		if err != nil {
			return cluster{}, err
		}
		out.fixed = &m
		return out, nil
	}
	return cluster{}, fmt.Errorf("type %s is not supported: expected EDS, STATIC, STRICT_DNS or LOGICAL_DNS", told(of.String()))
}

// checkSource: endpoints come over the same stream as clusters.
func checkSource(s *corev3.ConfigSource) error {
	switch s.GetConfigSourceSpecifier().(type) {
	case *corev3.ConfigSource_Ads, *corev3.ConfigSource_Self:
		return nil
	}
	return errors.New("eds_cluster_config.eds_config: expected ads {} or self {}: endpoints are asked for on the stream that told the cluster")
}

// logical is the one endpoint of a LOGICAL_DNS cluster: its name is resolved
// for each new connection, which is what that type means.
func logical(c *clusterv3.Cluster) (members, error) {
	m, err := parseLoad(c.GetLoadAssignment())
	if err != nil {
		return members{}, err
	}
	if m.announced != 1 {
		return members{}, fmt.Errorf("type LOGICAL_DNS: expected exactly one endpoint, got %d", m.announced)
	}
	return m, nil
}

// transports without TLS, which are those that endpoints are connected to by.
const (
	rawBuffer     = "envoy.transport_sockets.raw_buffer"
	rawBufferType = "type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer"
)

// checkTransport refuses clusters whose endpoints are to be spoken to otherwise
// than in plain bytes. A connection that is made in the clear where TLS was
// demanded would work with many servers, and nobody would notice.
func checkTransport(c *clusterv3.Cluster) error {
	if err := checkSocket("transport_socket", c.GetTransportSocket()); err != nil {
		return err
	}
	for i, m := range c.GetTransportSocketMatches() {
		if err := checkSocket("transport_socket_matches["+strconv.Itoa(i)+"]", m.GetTransportSocket()); err != nil {
			return err
		}
	}
	return nil
}

func checkSocket(at string, s *corev3.TransportSocket) error {
	if s == nil || s.GetName() == rawBuffer || s.GetTypedConfig().GetTypeUrl() == rawBufferType {
		return nil
	}
	return fmt.Errorf("%s %q is not supported: endpoints are connected to without TLS, so this cluster would be spoken to less safely than it asks for", at, told(s.GetName()))
}

// address is an endpoint's address in the one form that endpoints have.
func address(a *corev3.Address) (string, error) {
	s := a.GetSocketAddress()
	switch {
	case a.GetPipe() != nil:
		return "", errors.New("pipe: expected socket_address")
	case a.GetEnvoyInternalAddress() != nil:
		return "", errors.New("envoy_internal_address: expected socket_address")
	case s == nil:
		return "", errors.New("no address: expected socket_address")
	case s.GetProtocol() != corev3.SocketAddress_TCP:
		return "", fmt.Errorf("protocol %s: expected TCP", told(s.GetProtocol().String()))
	case s.GetNamedPort() != "":
		return "", fmt.Errorf("named_port %q: expected port_value", told(s.GetNamedPort()))
	case s.GetResolverName() != "":
		return "", fmt.Errorf("resolver_name %q: expected none", told(s.GetResolverName()))
	}
	return discovery.ParseAddress(net.JoinHostPort(s.GetAddress(), strconv.FormatUint(uint64(s.GetPortValue()), 10)))
}
