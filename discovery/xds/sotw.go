package xds

import (
	"slices"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// sotwStream is the stream of the older form; grpc's generated one is such.
type sotwStream interface {
	Send(*discoveryv3.DiscoveryRequest) error
	Recv() (*discoveryv3.DiscoveryResponse, error)
}

// sotw is the older form of the protocol, state of the world: each request says
// all that is asked for, each response of clusters all that there is of it.
//
// A new stream begins without the version that was taken last. With it, a
// control plane may stay silent, and what was asked for anew meanwhile would
// never come; also the answer confirms that what is known still stands.
type sotw struct {
	stream sotwStream
	node   *corev3.Node // nil once it was said
	state  [kinds]struct {
		names          []string
		version, nonce string // of the last response that was taken, and of the last
	}
}

func (s *sotw) ask(k kind, names []string, _ map[string]string) error {
	if slices.Equal(names, s.state[k].names) {
		return nil
	}
	s.state[k].names = names
	return s.send(k, nil)
}

func (s *sotw) send(k kind, refused error) error {
	node := s.node
	s.node = nil
	st := s.state[k]
	return s.stream.Send(&discoveryv3.DiscoveryRequest{
		Node: node, TypeUrl: k.typeURL(), ResourceNames: st.names, VersionInfo: st.version, ResponseNonce: st.nonce, ErrorDetail: detail(refused).Proto(),
	})
}

func (s *sotw) answer(n news, refused error) error {
	st := &s.state[n.kind]
	st.nonce = n.nonce
	if refused == nil {
		st.version = n.version
	}
	return s.send(n.kind, refused)
}

func (s *sotw) recv() (news, bool, error) {
	r, err := s.stream.Recv()
	if err == nil {
		err = checkWords(r.GetNonce(), r.GetVersionInfo())
	}
	if err != nil {
		return news{}, false, err
	}
	k, ok := kindOf(r.GetTypeUrl())
	if !ok {
		return news{}, false, nil
	}
	n := news{kind: k, version: r.GetVersionInfo(), nonce: r.GetNonce(), whole: k == clusters}
	n.items = make([]item, 0, min(len(r.GetResources()), maxResources+1))
	for _, body := range r.GetResources()[:min(len(r.GetResources()), maxResources+1)] {
		n.items = append(n.items, unwrapped(body))
	}
	return n, true, nil
}

const wrapper = "type.googleapis.com/envoy.service.discovery.v3.Resource"

// unwrapped is a resource, which may come with a time to live around it.
func unwrapped(body *anypb.Any) item {
	if body.GetTypeUrl() != wrapper {
		return item{body: body}
	}
	r := new(discoveryv3.Resource)
	if err := proto.Unmarshal(body.GetValue(), r); err != nil {
		return item{body: body} // which is refused for its type
	}
	return itemOf(r)
}

// itemOf is a resource with what is said of it.
func itemOf(r *discoveryv3.Resource) item {
	version := r.GetVersion()
	if checkWords(version) != nil {
		version = "" // as of one that has none: it is told again on the next stream
	}
	return item{name: r.GetName(), version: version, body: r.GetResource(), beat: r.GetResource() == nil, ttl: ttlOf(r.GetTtl())}
}
