package daemon

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"sidecar/config"
)

// loops are notes of upstreams whose endpoint is an address that the sidecar
// itself listens on: such a request goes round until its time is over. Only
// what is written in the configuration is compared; nothing is resolved.
func loops(f *config.File) (notes []string) {
	own := map[string][]config.Listener{} // by port: a list may have many endpoints
	for _, l := range f.Listeners {
		if _, port, err := net.SplitHostPort(l.Address); err == nil && port != "0" {
			own[port] = append(own[port], l)
		}
	}
	for _, u := range f.Upstreams {
		for i, uri := range u.Discover {
			for _, to := range static(uri) {
				host, port, _ := net.SplitHostPort(to)
				for _, l := range own[port] {
					if bound, _, _ := net.SplitHostPort(l.Address); reaches(host, bound) {
						notes = append(notes, f.ProblemAt(discoverKey(u, i), fmt.Sprintf(
							"%s is the address of this sidecar's own listener %q: requests would come back to it; set the address of the service", to, l.Name)).String())
					}
				}
			}
		}
	}
	return notes
}

// static are the addresses of a tcp:// list.
func static(uri string) (addresses []string) {
	const scheme = "tcp://"
	if len(uri) < len(scheme) || !strings.EqualFold(uri[:len(scheme)], scheme) {
		return nil
	}
	for part := range strings.SplitSeq(uri[len(scheme):], ",") {
		address, _, _ := strings.Cut(part, "?")
		addresses = append(addresses, strings.TrimSpace(address))
	}
	return addresses
}

// reaches tells whether a connection to a host comes to who is bound to another
// name of it, the port being the same.
func reaches(host, bound string) bool {
	a, b := local(host), local(bound)
	switch {
	case a == "" || b == "":
		return strings.EqualFold(host, bound)
	case a == b, b == anywhere:
		return true
	}
	// The name and the wildcard, dialled, are either of the usual addresses.
	return either(a) && usual(b) || either(b) && usual(a)
}

// anywhere is what local gives for all addresses of the machine.
const anywhere = "*"

// local is a host of this machine as it is compared; "" for other hosts.
func local(host string) string {
	if strings.EqualFold(host, "localhost") {
		return "localhost"
	}
	if host == "" {
		return anywhere
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return ""
	case ip.IsUnspecified():
		return anywhere
	case ip.IsLoopback():
		return ip.Unmap().String()
	}
	return ""
}

func either(host string) bool { return host == anywhere || host == "localhost" }
func usual(host string) bool  { return host == "127.0.0.1" || host == "::1" || host == "localhost" }
