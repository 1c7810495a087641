package admin

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// guard keeps web pages of others out. A browser on this machine reaches the
// port for any page that it shows: by a name that the page's owner points at
// 127.0.0.1 after loading (so the Host is checked), or by a form or fetch
// straight to it (so the Origin is). Programs send no Origin and pass.
type guard struct {
	hosts []string // lower case
}

func newGuard(hosts []string) guard {
	var g guard
	for _, h := range hosts {
		g.hosts = append(g.hosts, canonical(h))
	}
	return g
}

// canonical is a host as it is compared: names are the same in any case and
// with a final dot.
func canonical(host string) string {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		return strings.TrimSuffix(strings.ToLower(host), ".")
	}
	return net.JoinHostPort(strings.TrimSuffix(strings.ToLower(name), "."), port)
}

func (g guard) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if why := g.refuses(r); why != "" {
			tell(w, http.StatusForbidden, why)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refuses says why r is not let in, "" if it is.
func (g guard) refuses(r *http.Request) string {
	if !g.host(r.Host, localAddr(r)) {
		return "host " + strconv.Quote(r.Host) + " is not an address of this admin port: ask by the address it is bound to, or add the name to hosts in [admin]"
	}
	for _, origin := range r.Header["Origin"] {
		if !g.origin(origin, r.Host) {
			return "origin " + strconv.Quote(origin) + " may not use this admin port: a page of another site is asking"
		}
	}
	// Another port of localhost is "same-site" to a browser and still not us.
	site := r.Header.Get("Sec-Fetch-Site")
	simple := r.Method == http.MethodGet || r.Method == http.MethodHead
	if !simple && (site == "cross-site" || site == "same-site") {
		return r.Method + " by a page of another site is refused (Sec-Fetch-Site: " + site + ")"
	}
	return ""
}

// host tells whether a Host header is one of ours. Its port is not compared:
// what is forwarded from another port (kubectl port-forward) is as good, and a
// page cannot choose the name. Browsers always send a Host, so none at all is
// no browser.
func (g guard) host(host string, local net.Addr) bool {
	if _, unix := local.(*net.UnixAddr); unix || host == "" {
		return true
	}
	host = canonical(host)
	name := hostname(host)
	if slices.Contains(g.hosts, host) || slices.Contains(g.hosts, name) {
		return true
	}
	bound, ok := ip(local)
	if !ok {
		return false
	}
	if name == "localhost" {
		return bound.IsLoopback()
	}
	asked, err := netip.ParseAddr(name)
	if err != nil {
		return false
	}
	asked = asked.Unmap().WithZone("")
	return asked == bound || asked.IsLoopback() && bound.IsLoopback()
}

// hostname is a canonical host without its port and brackets.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
}

// origin tells whether a page of origin may ask: one that came from this very
// host and port, or from a configured one (behind a proxy that changes the
// Host). "null" is nobody's.
func (g guard) origin(origin, host string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	from := canonical(u.Host)
	return from == canonical(host) || slices.Contains(g.hosts, from)
}

// ip is the address of a TCP socket.
func ip(a net.Addr) (netip.Addr, bool) {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}, false
	}
	return tcp.AddrPort().Addr().Unmap().WithZone(""), true
}

// ofThisMachine tells whether only this machine can have asked.
func ofThisMachine(local net.Addr) bool {
	if _, unix := local.(*net.UnixAddr); unix {
		return true
	}
	bound, ok := ip(local)
	return ok && bound.IsLoopback()
}
