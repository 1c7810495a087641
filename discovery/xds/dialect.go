package xds

import (
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// dialect is one form of the protocol on one stream. recv is called by one
// goroutine, the others by another.
type dialect interface {
	// recv waits for the next response. ok is false for one that is of no use
	// and is not answered.
	recv() (n news, ok bool, err error)
	// ask asks for what is in names, which are sorted, and for nothing else of
	// that kind, unless that is what was asked for last. versions are those of
	// what is known.
	ask(k kind, names []string, versions map[string]string) error
	// answer says that a response was taken (nil) or why not, or not all of it.
	answer(n news, refused error) error
}

// maxDetail is how many bytes of a reason are told to a control plane.
const maxDetail = 4096

// detail is a reason as the protocol tells it; nil for none.
func detail(refused error) *status.Status {
	if refused == nil {
		return nil
	}
	text := refused.Error()
	if len(text) > maxDetail {
		text = text[:maxDetail] + "..."
	}
	return status.New(codes.InvalidArgument, clean(text))
}

// nodeOf is this process as control planes know it. What it says of itself it
// can do: resources may come with a time to live, and nothing is overprovisioned
// here where a part of a locality is unhealthy.
func nodeOf(s Settings) *corev3.Node {
	n := &corev3.Node{
		Id: s.NodeID, Cluster: s.NodeCluster, UserAgentName: "sidecar",
		UserAgentVersionType: &corev3.Node_UserAgentVersion{UserAgentVersion: s.Version},
		ClientFeatures:       []string{"envoy.lb.does_not_support_overprovisioning", "xds.config.resource-in-sotw"},
	}
	if s.Zone != "" || s.Region != "" {
		n.Locality = &corev3.Locality{Region: s.Region, Zone: s.Zone}
	}
	return n
}
