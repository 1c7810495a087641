package daemon

import (
	"fmt"

	"sidecar/config"
	"sidecar/discovery"
	"sidecar/discovery/redis"
	"sidecar/wire/resp"
)

// watched tells whether servers of r say where the keys are.
func watched(r config.Redis) bool {
	return r.Topology == config.RedisCluster || r.Topology == config.RedisSentinel
}

// firstMap is where keys are before anybody has said so: a cluster's nodes
// redirect, and anywhere else a wrong server would be written to.
func firstMap(r config.Redis) *resp.Map {
	switch r.Topology {
	case config.RedisSharded, config.RedisSentinel:
		return resp.AwaitedMaster(notYet)
	case config.RedisCluster:
		return resp.AwaitedMap()
	}
	return nil
}

// keyspace is what the keyspace of r is made of. Where servers do not say who has
// what, nobody is asked: to wait for another to have the keys would be in vain,
// and a client would wait for all of its time to learn that its server is gone.
func (b *redisBackend) keyspace(r config.Redis) resp.KeyspaceParams {
	p := resp.KeyspaceParams{Map: firstMap(r), Load: b.load}
	if watched(r) {
		p.Meet, p.Look = b.meet, b.look
	}
	return p
}

// watch is the source of u's servers, which seeds name some of.
func (b *redisBackend) watch(u config.Upstream, seeds []discovery.Source, dial dialFunc) discovery.Source {
	s := redis.New(redis.Params{
		Seeds: seeds, Prefer: u.Prefer, Master: u.Redis.Sentinel.Master, Settings: b.looks, Dial: dial, Changed: b.moved,
		Service: u.Name, Registry: b.d.registry, Log: b.d.log,
	})
	b.source.Store(s)
	return s
}

// looks is how servers are asked.
func (b *redisBackend) looks() redis.Settings { return *b.asks.Load() }

// redisLooks are u's settings as its servers are asked by.
func redisLooks(u config.Upstream, servers resp.DialSettings) (*redis.Settings, error) {
	s := &redis.Settings{
		Servers: redis.Login{Username: servers.Username, Password: servers.Password}, TLS: u.TLS.Enabled, Refresh: u.Redis.Refresh,
		Sentinels: redis.Login{Username: u.Redis.Sentinel.Username},
	}
	if from := u.Redis.Sentinel.Password; from != (config.Secret{}) {
		var err error
		if s.Sentinels.Password, err = readSecret(from); err != nil {
			return nil, fmt.Errorf("%s.redis.sentinel_password: %w", u.Key, err)
		}
	}
	return s, nil
}

// moved takes up another topology.
func (b *redisBackend) moved(t *redis.Topology) {
	shards := make([]resp.Shard, len(t.Shards))
	for i, s := range t.Shards {
		shards[i] = resp.Shard{Master: s.Master, Replicas: s.Replicas}
	}
	if len(t.Ranges) == 0 { // Sentinels name one master
		if len(shards) > 0 {
			b.keys.Set(resp.One(shards[0]))
		}
		return
	}
	ranges := make([]resp.SlotRange, len(t.Ranges))
	for i, r := range t.Ranges {
		ranges[i] = resp.SlotRange{First: r.First, Last: r.Last, Shard: r.Shard}
	}
	m, err := resp.NewClusterMap(shards, ranges)
	if err != nil {
		b.d.log.Error("cluster's slots not taken up", "upstream", b.name, "error", err)
		return
	}
	b.keys.Set(m)
}

// meet has an endpoint known that a redirect names.
func (b *redisBackend) meet(address string) {
	if s := b.source.Load(); s != nil {
		s.Meet(address)
	}
}

// look has the servers asked soon where what is.
func (b *redisBackend) look() {
	if s := b.source.Load(); s != nil {
		s.Look()
	}
}
