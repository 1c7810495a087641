package e2e

import (
	"fmt"
	"strings"
	"testing"

	"sidecar/internal/rediscluster"
)

// A cluster looks like one server: keys of every slot, commands over several of
// them, a master that goes.
func TestRedisClusterIsOneServer(t *testing.T) {
	c := rediscluster.Start(t, rediscluster.ClusterParams{Masters: 3, Replicas: 1})
	p := start(t, "", conf{
		protocol: "redis", discover: strings.Join(c.Addresses()[:2], ","),
		upstream: "[upstream.web.redis]\ntopology = \"cluster\"\nread = \"any\"",
	})
	k := redisTo(t, p.port)
	writes := []string{"MSET"}
	reads := []string{"MGET"}
	var want []string
	for i := range 100 {
		writes = append(writes, shardKey(i), fmt.Sprint(i))
		reads, want = append(reads, shardKey(i)), append(want, fmt.Sprint(i))
	}
	if got := k.ask(t, writes...); got != "OK" {
		t.Fatal(got)
	}
	await(t, "all values, from replicas too", func() bool { return k.ask(t, reads...) == fmt.Sprint(want) })
	await(t, "the replicas, which are in order once they have all", func() bool { return len(p.admin.rows()) == 6 })
	c.Masters()[0].Kill()
	await(t, "every key to be written again", func() bool {
		for i := range 100 {
			got := k.ask(t, "SET", shardKey(i), "again")
			if strings.HasPrefix(got, "MOVED") || strings.HasPrefix(got, "ASK") {
				t.Fatalf("a client is told %s", got)
			}
			if got != "OK" {
				return false
			}
		}
		return true
	})
}

// Behind Sentinels another master is followed.
func TestRedisSentinelIsFollowed(t *testing.T) {
	s := rediscluster.StartSentinel(t, rediscluster.SentinelParams{Replicas: 2})
	p := start(t, "", conf{
		protocol: "redis", discover: strings.Join(rediscluster.Addresses(s.Sentinels), ","),
		upstream: fmt.Sprintf("[upstream.web.redis]\ntopology = \"sentinel\"\nmaster = %q", rediscluster.MasterName),
	})
	k := redisTo(t, p.port)
	await(t, "the first master", func() bool { return k.ask(t, "SET", "a", "1") == "OK" })
	s.Servers[0].Kill()
	await(t, "the next master", func() bool { return k.ask(t, "SET", "a", "2") == "OK" })
	if got := k.ask(t, "GET", "a"); got != "2" {
		t.Error(got)
	}
}
