package config

import (
	"net"
	"net/netip"
	"path"
	"strconv"
	"strings"
)

// maxUnixPath is what fits into a socket address of Linux, with its final zero.
const maxUnixPath = 107

// checkName is for the names of listeners and upstreams: they are parts of
// metric labels, links and file names.
func checkName(s string) error {
	ok := s != "" && len(s) <= 64
	for i := range len(s) {
		ok = ok && (isAlphanumeric(s[i]) || strings.IndexByte("_.-", s[i]) >= 0)
	}
	if !ok {
		return complain("expected a name of 1 to 64 of the characters A-Z a-z 0-9 _ . -, got %s", shown(s))
	}
	return nil
}

// checkAddress is for addresses to listen on.
func checkAddress(s string) error {
	if file, ok := strings.CutPrefix(s, "unix:"); ok {
		switch {
		case !strings.HasPrefix(file, "/") || hasControl(file):
			return complain(`expected "unix:" and an absolute path, such as "unix:/run/web.sock", got %s`, shown(s))
		case len(file) > maxUnixPath:
			return complain("the path of a Unix socket has at most %d bytes, got %d", maxUnixPath, len(file))
		}
		return nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil || host != "" && !isHost(host) {
		return complain(`expected "host:port" or "unix:/path", got %s`, shown(s))
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return complain("expected a port from 0 to 65535 after the last colon, got %s", shown(s))
	}
	return nil
}

// checkOptionalAddress also takes "", which is none.
func checkOptionalAddress(s string) error {
	if s == "" {
		return nil
	}
	return checkAddress(s)
}

// checkAdminAddress also takes "off", which is none. "" is refused: it may be
// a variable that somebody forgot to fill in.
func checkAdminAddress(s string) error {
	switch s {
	case adminOff:
		return nil
	case "":
		return complain(`expected "host:port", "unix:/path" or "off", got ""`)
	}
	return checkAddress(s)
}

// sameAddress is the form in which two spellings of one address are equal; ""
// for one that any number may have.
func sameAddress(s string) string {
	if file, ok := strings.CutPrefix(s, "unix:"); ok {
		return "unix:" + path.Clean(file)
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return ""
	}
	n, err := strconv.Atoi(port)
	if err != nil || n == 0 {
		return ""
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.String()
	}
	return net.JoinHostPort(strings.ToLower(host), strconv.Itoa(n))
}

// checkHost is for a name that a client may put into its Host field, without a
// port.
func checkHost(s string) error {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); ok && strings.Contains(inner, ":") && isHost(inner) {
			return nil
		}
	} else if isHost(s) && !strings.Contains(s, ":") {
		return nil
	}
	return complain(`expected a host name without a port, such as "example.com", got %s`, shown(s))
}

// checkHostPattern also takes "*." before a name.
func checkHostPattern(s string) error {
	rest, wild := strings.CutPrefix(s, "*.")
	switch {
	case checkHost(rest) == nil && !(wild && strings.HasPrefix(rest, "[")):
		return nil
	case strings.Contains(s, "*"):
		return complain(`expected "*." only at the beginning, such as "*.example.com", got %s`, shown(s))
	}
	return checkHost(s)
}

// checkSourceAddress is for the address that connections go out from; "" is the
// system's choice.
func checkSourceAddress(s string) error {
	if ip, err := netip.ParseAddr(s); s != "" && (err != nil || ip.IsUnspecified() || ip.IsMulticast()) {
		return complain(`expected an IP address of this machine without a port, such as "10.0.0.5", got %s`, shown(s))
	}
	return nil
}

// isHost takes a name as people use them, underscores too, or an IP address.
func isHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return !hasControl(s) // which a zone may have
	}
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && strings.IndexByte("_.-", s[i]) < 0 {
			return false
		}
	}
	return s != "" && len(s) <= 255
}

// hasControl tells of space and control characters.
func hasControl(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return true
		}
	}
	return false
}

// checkToken is for methods and header names.
func checkToken(s string) error {
	ok := s != "" && len(s) <= 256
	for i := range len(s) {
		ok = ok && (isAlphanumeric(s[i]) || strings.IndexByte("!#$%&'*+-.^_`|~", s[i]) >= 0)
	}
	if !ok {
		return complain("expected letters, digits and - or _ only, got %s", shown(s))
	}
	return nil
}
