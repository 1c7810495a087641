package sock

import "testing"

func TestAddressesSayTheirNetwork(t *testing.T) {
	for address, want := range map[string][2]string{
		"127.0.0.1:80": {"tcp", "127.0.0.1:80"},
		"unix:/run/a":  {"unix", "/run/a"},
		"unix:":        {"tcp", "unix:"}, // a host of that name, without a port
	} {
		if network, place := Network(address); network != want[0] || place != want[1] {
			t.Errorf("%q: got %q %q", address, network, place)
		}
	}
}
