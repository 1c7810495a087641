package dns

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"sidecar/discovery"
)

// maxResolvers is how many servers a URI may name.
const maxResolvers = 8

// family says which addresses of a name count.
type family uint8

const (
	// familyAuto takes IPv4 and, where there is none, IPv6: of a host with both
	// each would be an endpoint, and it would get twice its share.
	familyAuto family = iota
	family4
	family6
	familyAll
)

var families = map[string]family{"auto": familyAuto, "4": family4, "6": family6, "all": familyAll}

// target is what a URI names.
type target struct {
	name      string
	port      string // "" for SRV
	family    family
	resolvers []string // host:port; none for those of the system
}

// parse parses a dns:// or srv:// URI.
func parse(uri string) (target, error) {
	scheme, rest, _ := strings.Cut(uri, "://")
	where, query, _ := strings.Cut(rest, "?")
	var t target
	var err error
	if strings.EqualFold(scheme, "srv") {
		t.name, err = serviceName(where)
	} else {
		t.name, t.port, err = hostPort(where)
	}
	if err != nil {
		return t, err
	}
	return t, t.options(query)
}

func hostPort(s string) (host, port string, err error) {
	address, err := discovery.ParseAddress(s)
	if err != nil {
		return "", "", err
	}
	host, port, err = net.SplitHostPort(address)
	if err != nil {
		return "", "", err
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return "", "", fmt.Errorf("%q is an address and no name: expected tcp://%s", host, address)
	}
	return host, port, nil
}

// serviceName checks _service._proto.name (RFC 2782).
func serviceName(s string) (string, error) {
	labels := strings.Split(s, ".")
	if len(labels) < 3 || !strings.HasPrefix(labels[0], "_") || !strings.HasPrefix(labels[1], "_") || len(labels[0]) < 2 || len(labels[1]) < 2 {
		return "", fmt.Errorf("%q: expected srv://_service._proto.name such as srv://_http._tcp.example.com; the records give the port", s)
	}
	if name, port, has := strings.Cut(s, ":"); has {
		return "", fmt.Errorf("%q: leave out \":%s\": the records give the port", name+":"+port, port)
	}
	// The rules for names are those of addresses.
	address, err := discovery.ParseAddress(s + ":1")
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(address, ":1"), nil
}

func (t *target) options(query string) error {
	if query == "" {
		return nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("what follows \"?\" is no list of key=value")
	}
	for key, list := range values {
		if len(list) != 1 {
			return fmt.Errorf("%q is given %d times: expected it once", key, len(list))
		}
		switch key {
		case "resolver":
			if t.resolvers, err = resolvers(list[0]); err != nil {
				return err
			}
		case "family":
			f, ok := families[list[0]]
			if !ok {
				return fmt.Errorf("family %q: expected auto, 4, 6 or all", list[0])
			}
			t.family = f
		default:
			return fmt.Errorf("unknown option %q: expected resolver or family", key)
		}
	}
	return nil
}

// resolvers parses a list of servers, whose port is 53 if left out.
func resolvers(s string) ([]string, error) {
	parts := strings.Split(s, ",")
	if len(parts) > maxResolvers {
		return nil, fmt.Errorf("%d resolvers: expected at most %d", len(parts), maxResolvers)
	}
	list := make([]string, len(parts))
	for i, part := range parts {
		if ip, err := netip.ParseAddr(strings.Trim(part, "[]")); err == nil {
			list[i] = net.JoinHostPort(ip.String(), "53")
			continue
		}
		at, err := netip.ParseAddrPort(part)
		if err != nil || at.Port() == 0 {
			return nil, fmt.Errorf("resolver %q: expected the IP address of a server, with or without :port", part)
		}
		list[i] = at.String()
	}
	return list, nil
}
