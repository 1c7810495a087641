package xds

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"sidecar/discovery"
)

// maxCluster is the longest name of a cluster, in bytes: those of Istio are the
// longest known and have under 300.
const maxCluster = 1024

// Location is what an xds:// URI says.
type Location struct {
	Server  string // "host:port" of the control plane
	Cluster string // the name of the cluster there
}

// ParseLocation parses xds://host:port/cluster. The cluster is all that stands
// behind the first "/", with %-escapes; "?" and "#" must be escaped.
func ParseLocation(uri string) (Location, error) {
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok || !strings.EqualFold(scheme, "xds") {
		return Location{}, errors.New("xds: expected xds://host:port/cluster")
	}
	host, name, _ := strings.Cut(rest, "/")
	server, err := discovery.ParseAddress(host)
	if err != nil {
		return Location{}, fmt.Errorf("xds: control plane: %w", err)
	}
	if i := strings.IndexAny(name, "?#"); i >= 0 {
		return Location{}, fmt.Errorf("xds: %q in the name of the cluster: write it as %%%X", name[i], name[i])
	}
	cluster, err := url.PathUnescape(name)
	switch {
	case err != nil:
		return Location{}, fmt.Errorf("xds: the name of the cluster: %w: write %% as %%25", err)
	case cluster == "":
		return Location{}, errors.New("xds: no cluster: expected xds://host:port/cluster")
	case len(cluster) > maxCluster:
		return Location{}, fmt.Errorf("xds: the name of the cluster has %d bytes, more than the limit of %d", len(cluster), maxCluster)
	case !printable(cluster):
		return Location{}, errors.New("xds: the name of the cluster has characters that are not to be seen")
	}
	return Location{Server: server, Cluster: cluster}, nil
}
