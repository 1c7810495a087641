//go:build conformance

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"sidecar/internal/redisclients"
	"sidecar/internal/rediscluster"
)

// Redis' own suite passes through the sidecar against a real server, but for
// the tests of what one server does alone.
func TestRedisSuiteConformance(t *testing.T) {
	program := built(t)
	redisclients.NewSuite(t).Each(t, func(t *testing.T, direct string) string {
		return start(t, program, conf{protocol: "redis", discover: direct}).port
	})
}

// Clients in five languages do through the sidecar what they do without, those
// of clusters too, which take it for a cluster of one node.
func TestRedisClientsConformance(t *testing.T) {
	direct := redisclients.Server(t)
	everyClient(t, start(t, built(t), conf{protocol: "redis", discover: direct}).port)
}

func everyClient(t *testing.T, address string) {
	t.Helper()
	k := redisclients.New(t)
	redisclients.Tools(t, address)
	k.Each(t, address, func(c redisclients.Client, _ redisclients.Way) bool { return !c.Tracks })
	for _, c := range k.Clients() {
		if !c.Tracks {
			continue
		}
		text, err := k.Run(c, redisclients.Way{Resp: 3}, address)
		if err == nil || !strings.Contains(text, "CLIENT TRACKING is refused: connections of a server are shared") {
			t.Errorf("%s is told: %v", c.Name, err)
		}
	}
}

// They do the same where keys are of six nodes, of which they know nothing.
func TestRedisClientsOfAClusterConformance(t *testing.T) {
	c := rediscluster.Start(t, rediscluster.ClusterParams{Masters: 3, Replicas: 1})
	everyClient(t, start(t, built(t), conf{
		protocol: "redis", discover: strings.Join(c.Addresses()[:2], ","),
		upstream: "[upstream.web.redis]\ntopology = \"cluster\"",
	}).port)
}

// And of a master that Sentinels name.
func TestRedisClientsOfSentinelConformance(t *testing.T) {
	s := rediscluster.StartSentinel(t, rediscluster.SentinelParams{Replicas: 2})
	everyClient(t, start(t, built(t), conf{
		protocol: "redis", discover: strings.Join(rediscluster.Addresses(s.Sentinels), ","),
		upstream: fmt.Sprintf("[upstream.web.redis]\ntopology = \"sentinel\"\nmaster = %q", rediscluster.MasterName),
	}).port)
}
