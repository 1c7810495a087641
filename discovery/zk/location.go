package zk

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"sidecar/discovery"
)

const (
	// DefaultPort is ZooKeeper's client port.
	DefaultPort = "2181"
	// DefaultPrefix begins the names of a serverset's members.
	DefaultPrefix = "member_"
	// brokersPath is where a Kafka cluster before 4.0 has its brokers, below the
	// chroot that it may have. Their names are numbers.
	brokersPath = "/brokers/ids"

	maxServers = 32   // of one ensemble; seven is many
	maxPath    = 1024 // bytes, of a path and of an endpoint's name
)

// Location is what a zk:// URI names.
type Location struct {
	Servers  []string // "host:port" of the ensemble, sorted, each once
	Path     string   // of the node whose children are the members
	Endpoint string   // which of a member's additional endpoints; "" = its service endpoint
	Prefix   string   // of the names of members
}

// ParseLocation reads
//
//	zk://host:port,host:port/path#endpoint
//
// A port that is left out is 2181. The path is the whole path as the ensemble
// knows it, so what other clients give as a chroot stands at its beginning.
// "?prefix=NAME" before the fragment takes children whose names begin with NAME
// instead of "member_"; "?prefix=" takes all, which is so by itself of a path that
// ends in /brokers/ids, where Kafka has its brokers. Errors never repeat what stands
// before an "@".
func ParseLocation(uri string) (Location, error) {
	l, err := parseLocation(uri)
	if err != nil {
		return Location{}, fmt.Errorf("discovery: zk: %w", err)
	}
	return l, nil
}

func parseLocation(uri string) (Location, error) {
	l := Location{Prefix: DefaultPrefix}
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok || !strings.EqualFold(scheme, "zk") {
		return l, errors.New("expected zk://host:port,host:port/path")
	}
	// Only the first "#" parts, as in scales: a name may hold another.
	rest, l.Endpoint, _ = strings.Cut(rest, "#")
	if len(l.Endpoint) > maxPath || hasControl(l.Endpoint) {
		return l, fmt.Errorf("the endpoint's name after \"#\": expected at most %d bytes without control characters", maxPath)
	}
	if name, _, misplaced := strings.Cut(l.Endpoint, "?prefix="); misplaced {
		return l, fmt.Errorf("?prefix= stands behind the endpoint's name: expected ?prefix=NAME#%s", name)
	}
	rest, query, asked := strings.Cut(rest, "?")
	if asked {
		prefix, known := strings.CutPrefix(query, "prefix=")
		if !known || hasControl(prefix) || strings.ContainsAny(prefix, "/&") {
			return l, errors.New("unknown parameter after \"?\": expected ?prefix=NAME and nothing else")
		}
		l.Prefix = prefix
	}
	slash := strings.IndexByte(rest, '/')
	if slash < 0 {
		slash = len(rest)
	}
	var err error
	if l.Servers, err = parseServers(rest[:slash]); err != nil {
		return l, err
	}
	l.Path, err = parsePath(rest[slash:])
	if !asked && strings.HasSuffix(l.Path, brokersPath) {
		l.Prefix = ""
	}
	return l, err
}

// ParseServers reads "host:port,host:port" as it stands in a zk:// URI.
func ParseServers(list string) ([]string, error) {
	servers, err := parseServers(list)
	if err != nil {
		return nil, fmt.Errorf("zk: %w", err)
	}
	return servers, nil
}

func parseServers(list string) ([]string, error) {
	switch {
	case strings.Contains(list, "@"):
		return nil, errors.New("user-info before \"@\": secrets do not belong into a URI; set auth in a [zookeeper.NAME] table with these servers")
	case list == "":
		return nil, errors.New("no server: expected zk://host:port,host:port/path")
	case strings.Count(list, ",") >= maxServers:
		return nil, fmt.Errorf("%d servers: expected at most %d", strings.Count(list, ",")+1, maxServers)
	}
	var servers []string
	for i, s := range strings.Split(list, ",") {
		address, err := discovery.ParseAddress(withPort(s))
		if err != nil {
			return nil, fmt.Errorf("server %d: %w", i+1, err)
		}
		servers = append(servers, address)
	}
	slices.Sort(servers)
	return slices.Compact(servers), nil
}

// withPort adds the port that clients of ZooKeeper leave out.
func withPort(s string) string {
	if s == "" || strings.HasSuffix(s, "]") || !strings.Contains(s, ":") {
		if s != "" {
			return s + ":" + DefaultPort
		}
		return s
	}
	if ip, err := netip.ParseAddr(s); err == nil && ip.Is6() {
		return s // refused, with the advice to put it in brackets
	}
	return s
}

// parsePath checks a path by ZooKeeper's own rules, so that a slip is told at
// start and not by a server.
func parsePath(path string) (string, error) {
	for len(path) > 1 && strings.HasSuffix(path, "/") {
		path = path[:len(path)-1] // scales keeps it and then fails
	}
	switch {
	case path == "" || path == "/":
		return "", errors.New("no path: expected zk://host:port/path/of/the/service")
	case len(path) > maxPath:
		return "", fmt.Errorf("a path of %d bytes: expected at most %d", len(path), maxPath)
	case hasControl(path):
		return "", errors.New("the path has a control character or is not UTF-8")
	}
	for part := range strings.SplitSeq(path[1:], "/") {
		switch part {
		case "":
			return "", fmt.Errorf("path %q: two slashes in a row", path)
		case ".", "..":
			return "", fmt.Errorf("path %q: ZooKeeper does not know %q", path, part)
		}
	}
	return path, nil
}

func hasControl(s string) bool {
	return strings.ToValidUTF8(s, "") != s || strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r >= 0x7f && r <= 0x9f || r >= 0xd800 && r <= 0xf8ff || r >= 0xfff0
	})
}
