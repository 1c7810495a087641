// Package brokers runs Kafka brokers for tests: kfake's, in this process, and
// Apache Kafka's own. Each counts who connects to it from an address that it does
// not expect: a client that has learnt where a broker really is, past the sidecar.
// It knows nothing of the sidecar.
package brokers

import (
	"net"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
)

// Fake starts n of kfake's brokers that accept connections from the IP address
// from only ("" is from everywhere). They end with the test.
func Fake(t testing.TB, n int, from string, opts ...kfake.Opt) (*kfake.Cluster, *Gate) {
	t.Helper()
	g := &Gate{from: from}
	listen := kfake.ListenFn(func(network, address string) (net.Listener, error) {
		l, err := net.Listen(network, address)
		if err != nil {
			return nil, err
		}
		return &gated{l, g}, nil
	})
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(n), listen}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, g
}

// Gate lets connections of one source address in, and counts the others, which it
// closes.
type Gate struct {
	from            string
	let, turnedAway atomic.Int64
}

// Let is how many connections were let in, TurnedAway how many came from elsewhere.
func (g *Gate) Let() int64        { return g.let.Load() }
func (g *Gate) TurnedAway() int64 { return g.turnedAway.Load() }

// admits counts c, and tells whether it comes from where it may.
func (g *Gate) admits(c net.Conn) bool {
	host, _, err := net.SplitHostPort(c.RemoteAddr().String())
	if g.from != "" && (err != nil || host != g.from) {
		g.turnedAway.Add(1)
		return false
	}
	g.let.Add(1)
	return true
}

type gated struct {
	net.Listener
	gate *Gate
}

func (l *gated) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil || l.gate.admits(c) {
			return c, err
		}
		c.Close()
	}
}
