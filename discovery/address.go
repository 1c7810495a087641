package discovery

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

const (
	// maxHost is the length of the longest name in DNS.
	maxHost = 253
	// maxAddress is the longest text that is looked at as an address, in bytes:
	// errors repeat it.
	maxAddress = 512
)

// ParseAddress checks "host:port" and gives it in its one form: names in lower
// case, IPv6 short and in brackets, the port without leading zeros. Errors say
// what was expected and never repeat what stands before an "@".
func ParseAddress(s string) (string, error) {
	switch {
	case s == "":
		return "", errors.New("empty address: expected host:port")
	case len(s) > maxAddress:
		return "", fmt.Errorf("an address of %d bytes: expected host:port of at most %d", len(s), maxAddress)
	case strings.Contains(s, "@"):
		return "", errors.New("user-info before \"@\" has no meaning here: expected host:port only")
	case strings.ContainsAny(s, " \t\r\n"):
		return "", fmt.Errorf("space in address %q: expected host:port without spaces", s)
	case strings.Contains(s, "/"):
		return "", fmt.Errorf("path in address %q: expected host:port with nothing after it", s)
	}
	host, port, bracketed, err := split(s)
	if err != nil {
		return "", err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", fmt.Errorf("port %q of address %q: expected a number from 1 to 65535", port, s)
	}
	if bracketed {
		ip, err := netip.ParseAddr(host)
		if err != nil || !ip.Is6() {
			return "", fmt.Errorf("%q in brackets is not an IPv6 address: expected [::1]:port", host)
		}
		host = "[" + ip.String() + "]"
	} else if err := checkHost(host); err != nil {
		return "", err
	}
	return strings.ToLower(host) + ":" + strconv.FormatUint(n, 10), nil
}

// split parts host and port.
func split(s string) (host, port string, bracketed bool, err error) {
	if rest, ok := strings.CutPrefix(s, "["); ok {
		host, port, ok = strings.Cut(rest, "]")
		if !ok {
			return "", "", true, fmt.Errorf("address %q has no \"]\": expected [::1]:port", s)
		}
		if port, ok = strings.CutPrefix(port, ":"); !ok {
			return "", "", true, fmt.Errorf("missing port in address %q: expected [::1]:port", s)
		}
		return host, port, true, nil
	}
	switch strings.Count(s, ":") {
	case 0:
		return "", "", false, fmt.Errorf("missing port in address %q: expected host:port", s)
	case 1:
		host, port, _ = strings.Cut(s, ":")
		return host, port, false, nil
	}
	return "", "", false, fmt.Errorf("too many colons in address %q: expected host:port, IPv6 in brackets like [::1]:port", s)
}

// checkHost accepts an IPv4 address or a name of letters, digits, "-", "_" and
// "."; whether the name resolves is found out when it is dialled.
func checkHost(host string) error {
	if host == "" {
		return errors.New("missing host before \":\": expected host:port")
	}
	if len(host) > maxHost {
		return fmt.Errorf("host of %d characters: expected at most %d", len(host), maxHost)
	}
	digits := true
	for _, c := range []byte(host) {
		number := c >= '0' && c <= '9' || c == '.'
		if !number && c != '-' && c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') {
			return fmt.Errorf("character %q in host %q: expected letters, digits, \"-\", \"_\" and \".\"", c, host)
		}
		digits = digits && number
	}
	if digits {
		if ip, err := netip.ParseAddr(host); err != nil || !ip.Is4() {
			return fmt.Errorf("host %q is neither an IPv4 address nor a name", host)
		}
	}
	return nil
}

// The bounds of a configured weight: beyond them it is a slip of the pen, and
// the arithmetic on loads stays exact within them.
const (
	minWeight = 0.001
	maxWeight = 1e6
)

func checkWeight(w float64) error {
	if w >= minWeight && w <= maxWeight {
		return nil
	}
	return fmt.Errorf("weight %v: expected a number from %v to %.0f", w, minWeight, maxWeight)
}
