package dns

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	mdns "github.com/miekg/dns"
)

const (
	// maxRecords is how many records of an answer are used. A message of
	// 64 KiB holds some four thousand addresses.
	maxRecords = 10000
	// maxAliases is how many CNAMEs are followed within an answer.
	maxAliases = 16
)

// answer is what a question about one name came to.
type answer struct {
	addresses []netip.Addr
	services  []*mdns.SRV
	ttl       time.Duration // of the shortest-lived record used
	// none says why there is nothing, "" if there is something.
	none    string
	missing bool // because the name is not there at all
}

// read takes the records of that type for name out of a reply whose code is
// NOERROR or NXDOMAIN. It is pure.
func read(m *mdns.Msg, name string, kind uint16) answer {
	var a answer
	life := lifetime{least: 1<<32 - 1}
	owner := follow(m, name, &life)
	for _, rr := range m.Answer {
		h := rr.Header()
		if h.Rrtype != kind || h.Class != mdns.ClassINET || !strings.EqualFold(h.Name, owner) || a.len() == maxRecords {
			continue
		}
		if a.add(rr) {
			life.sees(h.Ttl)
		}
	}
	if a.len() > 0 {
		a.ttl = life.duration()
		return a
	}
	a.none, a.ttl = fmt.Sprintf("%s has no %s record", name, mdns.TypeToString[kind]), negative(m)
	if m.Rcode == mdns.RcodeNameError {
		a.none, a.missing = fmt.Sprintf("%s does not exist (NXDOMAIN)", owner), true
	}
	return a
}

func (a *answer) len() int { return len(a.addresses) + len(a.services) }

func (a *answer) add(rr mdns.RR) bool {
	switch rr := rr.(type) {
	case *mdns.A:
		return a.addAddress(netip.AddrFromSlice(rr.A.To4()))
	case *mdns.AAAA:
		return a.addAddress(netip.AddrFromSlice(rr.AAAA.To16()))
	case *mdns.SRV:
		a.services = append(a.services, rr)
		return true
	}
	return false
}

// addAddress leaves out "any address", by which filtering servers say that there
// is none: a connection to it would go to this machine, maybe to the sidecar.
func (a *answer) addAddress(ip netip.Addr, ok bool) bool {
	ok = ok && !ip.Unmap().IsUnspecified()
	if ok {
		a.addresses = append(a.addresses, ip)
	}
	return ok
}

// follow is the name that the aliases of an answer lead to.
func follow(m *mdns.Msg, name string, life *lifetime) string {
	for range maxAliases {
		next := ""
		for _, rr := range m.Answer {
			if alias, ok := rr.(*mdns.CNAME); ok && strings.EqualFold(alias.Hdr.Name, name) {
				next = alias.Target
				life.sees(alias.Hdr.Ttl)
				break
			}
		}
		if next == "" {
			break
		}
		name = next
	}
	return name
}

// negative is how long that there is nothing may be believed (RFC 2308): the
// lesser of the SOA record's own TTL and its minimum.
func negative(m *mdns.Msg) time.Duration {
	for _, rr := range m.Ns {
		if soa, ok := rr.(*mdns.SOA); ok {
			return time.Duration(min(soa.Hdr.Ttl, soa.Minttl)) * time.Second
		}
	}
	return 0
}

// lifetime is the least TTL of the records that were used.
type lifetime struct{ least uint32 }

func (l *lifetime) sees(ttl uint32) { l.least = min(l.least, ttl) }

// duration is the least TTL; one with the top bit set counts as 0 (RFC 2181,
// section 8).
func (l *lifetime) duration() time.Duration {
	if l.least > 1<<31-1 {
		return 0
	}
	return time.Duration(l.least) * time.Second
}
