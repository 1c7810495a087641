package daemon

import (
	"testing"

	"sidecar/config"
)

// Where no server says who has the keys, commands do not wait for another to.
func TestOnlyWatchedServersAreAskedAgain(t *testing.T) {
	for topology, want := range map[string]bool{
		config.RedisSingle: false, config.RedisSharded: false, config.RedisSentinel: true, config.RedisCluster: true,
	} {
		p := new(redisBackend).keyspace(config.Redis{Topology: topology})
		if got := p.Look != nil; got != want || (p.Meet != nil) != want {
			t.Errorf("%s: asked again %v, want %v", topology, got, want)
		}
	}
}
