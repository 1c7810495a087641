package route

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"sidecar"
)

// Rule sends to Upstream what matches all of its conditions; an empty one is no
// condition, and a rule without any matches everything.
type Rule struct {
	// Host is compared without port and one trailing dot, in any case.
	// "*.example.com" matches every name below example.com, at any depth, and
	// not example.com itself.
	Host string
	// PathPrefix matches whole segments: "/v2" matches "/v2" and "/v2/x", not
	// "/v2x"; "/v2/" matches "/v2/x" and "/v2/", not "/v2"; "/" every path. It
	// is compared byte by byte with the path as the client sent it: nothing is
	// decoded and no dot segment resolved, since the backend may read these
	// otherwise. A route is therefore no access control.
	PathPrefix string
	// Service is compared exactly, where the protocol has services.
	Service string
	// Method is compared exactly; those of HTTP are upper case by their nature.
	Method string
	// Headers must all be there with these values, compared exactly. Of a
	// field sent twice the first counts.
	Headers []HeaderMatch
	// Parts must all be there so: what else the protocol's messages have.
	Parts []PartMatch
	// Upstream is a name in Params.Upstreams.
	Upstream string
	// Layer stands between the rule and its upstream; nil: nothing does.
	Layer sidecar.Layer
}

// HeaderMatch is the value that a header field must have. Name is in any case.
type HeaderMatch struct{ Name, Value string }

// PartMatch is what a part of a message must be, compared byte by byte, or with
// Prefix what it must begin with.
type PartMatch struct {
	Name, Value string
	Prefix      bool
}

// check says what is wrong with the rule as written, nil if nothing is.
func (r Rule) check() error {
	var all []error
	all = append(all, checkHost(r.Host), checkPrefix(r.PathPrefix))
	seen := map[string]bool{}
	for _, h := range r.Headers {
		name := strings.ToLower(h.Name)
		if seen[name] {
			all = append(all, fmt.Errorf("header %q is asked for twice: one request cannot have both as its first", h.Name))
		}
		seen[name] = true
	}
	return errors.Join(all...)
}

func checkHost(host string) error {
	name := strings.TrimPrefix(host, "*.")
	switch {
	case host == "":
		return nil
	case len(host) > maxHost:
		return fmt.Errorf("host %q is longer than the %d bytes that a name may have", host, maxHost)
	case strings.Contains(name, "*"):
		return fmt.Errorf("host %q: a star stands for whole labels at the front only, as in \"*.example.com\"; for any host leave host out", host)
	case name == "" || strings.HasPrefix(name, "."):
		return fmt.Errorf("host %q: want a name such as \"example.com\" or \"*.example.com\"", host)
	case string(bareHost([]byte(name))) != strings.TrimSuffix(name, "."):
		return fmt.Errorf("host %q has a port: leave it out, hosts are compared without it", host)
	case strings.ContainsAny(name, "/ \t") || !isASCII(name):
		return fmt.Errorf("host %q: want a host name in ASCII, without scheme, path and spaces", host)
	}
	return nil
}

func checkPrefix(prefix string) error {
	switch {
	case prefix == "":
		return nil
	case prefix[0] != '/':
		return fmt.Errorf("path_prefix %q: want a path that begins with \"/\"", prefix)
	case strings.ContainsAny(prefix, "?# "):
		return fmt.Errorf("path_prefix %q: want a path as it is sent, without query, fragment and spaces", prefix)
	}
	return nil
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// bareHost is h without its port and one trailing dot; the brackets of an IPv6
// address stay.
func bareHost(h []byte) []byte {
	if i := bytes.LastIndexByte(h, ':'); i >= 0 && i > bytes.LastIndexByte(h, ']') {
		h = h[:i]
	}
	if n := len(h); n > 0 && h[n-1] == '.' {
		h = h[:n-1]
	}
	return h
}
