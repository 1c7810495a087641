package xds

import (
	"errors"
	"fmt"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
)

// kind is a type of resource that is asked for.
type kind int

const (
	clusters kind = iota
	loads
	kinds // how many there are
)

// typeURL is how the protocol names a kind.
func (k kind) typeURL() string {
	if k == clusters {
		return "type.googleapis.com/envoy.config.cluster.v3.Cluster"
	}
	return "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
}

// kindOf is the kind of a type, false for types that are not asked for.
func kindOf(typeURL string) (kind, bool) {
	for k := range kinds {
		if typeURL == k.typeURL() {
			return k, true
		}
	}
	return 0, false
}

// maxResources is how many resources one response may have: far more than there
// may be upstreams, as some control planes tell all that they know.
const maxResources = 100_000

// maxWord is the longest nonce or version in bytes: they are kept, and said again
// with each request.
const maxWord = 64 << 10

// checkWords refuses a response that could not be answered within bounds.
func checkWords(words ...string) error {
	for _, w := range words {
		if len(w) > maxWord {
			return fmt.Errorf("a nonce or version of %d bytes: expected at most %d", len(w), maxWord)
		}
	}
	return nil
}

// news is a response of a control plane, of either form of the protocol.
type news struct {
	kind    kind
	version string // of the whole; "" in the incremental form
	nonce   string
	whole   bool // what is not in it and was known does not exist any more
	changes bool // only what has changed is in it: the rest of what was known stands
	items   []item
	removed []string // names that do not exist any more
}

// item is one resource.
type item struct {
	name    string // "" if only the body tells
	version string // of its own; "" if it has none
	body    *anypb.Any
	beat    bool          // nothing but the word that it still stands
	ttl     time.Duration // 0 = for ever
}

// parsed is what a resource is to a world.
type parsed struct {
	name    string
	cluster cluster // of clusters
	members members // of loads
}

var errType = errors.New("is of another type than the response that it is in")

// parse decodes a resource. The name is there even with an error, if it could be
// had.
func parse(k kind, i item) (parsed, error) {
	p := parsed{name: i.name}
	if i.body.GetTypeUrl() != k.typeURL() {
		return p, fmt.Errorf("%w: %s", errType, told(i.body.GetTypeUrl()))
	}
	if k == clusters {
		c := new(clusterv3.Cluster)
		if err := proto.Unmarshal(i.body.GetValue(), c); err != nil {
			return p, fmt.Errorf("cannot be decoded: %w", err)
		}
		p.name = c.GetName()
		var err error
		p.cluster, err = parseCluster(c)
		return p, err
	}
	a := new(endpointv3.ClusterLoadAssignment)
	if err := proto.Unmarshal(i.body.GetValue(), a); err != nil {
		return p, fmt.Errorf("cannot be decoded: %w", err)
	}
	p.name = a.GetClusterName()
	var err error
	p.members, err = parseLoad(a)
	return p, err
}

// ttlOf is how long a resource may be kept without another word.
func ttlOf(d *durationpb.Duration) time.Duration {
	if d == nil || d.AsDuration() <= 0 {
		return 0
	}
	return d.AsDuration()
}
