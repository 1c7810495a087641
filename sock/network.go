package sock

import "strings"

// Network is what net.Dial wants of an address as it is configured: "host:port",
// or "unix:" and a path.
func Network(address string) (network, place string) {
	if path, unix := strings.CutPrefix(address, "unix:"); unix && path != "" {
		return "unix", path
	}
	return "tcp", address
}
