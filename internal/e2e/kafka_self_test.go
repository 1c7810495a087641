package e2e

import (
	"fmt"
	"net"
	"strings"
	"testing"
)

// freePort is a port that nobody has at the moment.
func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}

// A seed that leads back to the sidecar is refused once it is dialled, whatever its
// address: each session would begin another.
func TestKafkaSeedThatIsTheSidecarIsTold(t *testing.T) {
	for _, row := range []struct{ name, listen, seed, more string }{
		{"by a name", "127.0.0.1", "localhost", ""},
		{"by its address", "127.0.0.1", "127.0.0.1", ""},
		{"as a node", "127.0.0.1", "127.92.0.7", ""},
		{"through a wildcard", "0.0.0.0", "127.0.0.1", "advertise = \"ports\"\nadvertise_host = \"127.0.0.1\"\nports = \"%s-%[1]s\""},
	} {
		t.Run(row.name, func(t *testing.T) {
			port, more := freePort(t), row.more
			if more != "" {
				more = "[listener.kafka]\n" + fmt.Sprintf(more, freePort(t))
			}
			p := launch(t, "", conf{protocol: "kafka", address: net.JoinHostPort(row.listen, port), discover: "tcp://" + net.JoinHostPort(row.seed, port), listener: more})
			await(t, "word of it", func() bool { return p.log.has("this is the sidecar's own listener") })
			p.admin.why("") // it is there
			if n := p.admin.sum("sidecar.listener.accepted", ""); n > 100 {
				t.Errorf("the sidecar has connected to itself %v times", n)
			}
			if text := p.log.String(); strings.Contains(text, "DATA RACE") {
				t.Error(text)
			}
		})
	}
}
