package dns

import (
	"bufio"
	"io"
	"net/netip"
	"os"
	"strings"
	"time"
)

const (
	systemHosts = "/etc/hosts"
	// maxHosts bounds what is read of that file, in bytes.
	maxHosts = 1 << 20
	// hostsTTL is how long what it says is used before it is looked at again.
	hostsTTL = 5 * time.Second
)

// hosts is the file of names that the host itself knows, hosts(5).
type hosts struct{ path string }

// find are the addresses of name; none if it is not there. "localhost" and
// what ends in it are known without a file (RFC 6761, section 6.3).
func (h *hosts) find(name string) []netip.Addr {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	var found []netip.Addr
	if f, err := os.Open(h.path); err == nil {
		defer f.Close()
		lines := bufio.NewScanner(io.LimitReader(f, maxHosts))
		for lines.Scan() {
			found = append(found, addressOf(lines.Text(), name)...)
		}
	}
	if len(found) == 0 && (name == "localhost" || strings.HasSuffix(name, ".localhost")) {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	}
	return found
}

// addressOf is the address of a line that names name, nil of any other.
func addressOf(line, name string) []netip.Addr {
	line, _, _ = strings.Cut(line, "#")
	fields := strings.Fields(line)
	if len(fields) < 2 {
		return nil
	}
	for _, n := range fields[1:] {
		if strings.ToLower(n) != name {
			continue
		}
		if ip, err := netip.ParseAddr(fields[0]); err == nil {
			return []netip.Addr{ip.Unmap()}
		}
	}
	return nil
}
