package xds

import (
	"slices"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
)

// deltaStream is the stream of the incremental form; grpc's generated one is
// such.
type deltaStream interface {
	Send(*discoveryv3.DeltaDiscoveryRequest) error
	Recv() (*discoveryv3.DeltaDiscoveryResponse, error)
}

// delta is the incremental form of the protocol: requests say what is asked for
// anew and no more, responses what has changed and what is gone. A new stream
// begins with the versions of what is known, so that only what changed
// meanwhile is told.
type delta struct {
	stream deltaStream
	node   *corev3.Node // nil once it was said
	names  [kinds][]string
	begun  [kinds]bool
}

func (d *delta) ask(k kind, names []string, versions map[string]string) error {
	old := d.names[k]
	if slices.Equal(names, old) {
		return nil
	}
	r := d.request(k)
	for _, n := range names {
		if _, had := slices.BinarySearch(old, n); !had {
			r.ResourceNamesSubscribe = append(r.ResourceNamesSubscribe, n)
		}
	}
	for _, n := range old {
		if _, still := slices.BinarySearch(names, n); !still {
			r.ResourceNamesUnsubscribe = append(r.ResourceNamesUnsubscribe, n)
		}
	}
	if !d.begun[k] {
		r.InitialResourceVersions = versions
	}
	d.names[k], d.begun[k] = names, true
	return d.stream.Send(r)
}

func (d *delta) request(k kind) *discoveryv3.DeltaDiscoveryRequest {
	r := &discoveryv3.DeltaDiscoveryRequest{Node: d.node, TypeUrl: k.typeURL()}
	d.node = nil
	return r
}

func (d *delta) answer(n news, refused error) error {
	r := d.request(n.kind)
	r.ResponseNonce, r.ErrorDetail = n.nonce, detail(refused).Proto()
	return d.stream.Send(r)
}

func (d *delta) recv() (news, bool, error) {
	r, err := d.stream.Recv()
	if err == nil {
		err = checkWords(r.GetNonce())
	}
	if err != nil {
		return news{}, false, err
	}
	k, ok := kindOf(r.GetTypeUrl())
	if !ok {
		return news{}, false, nil
	}
	n := news{kind: k, nonce: r.GetNonce(), changes: true, removed: r.GetRemovedResources()}
	for _, one := range r.GetResources()[:min(len(r.GetResources()), maxResources+1)] {
		n.items = append(n.items, itemOf(one))
	}
	return n, true, nil
}
