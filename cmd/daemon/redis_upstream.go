package daemon

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"sidecar"
	"sidecar/config"
	"sidecar/discovery"
	"sidecar/discovery/redis"
	"sidecar/upstream"
	"sidecar/upstream/pool"
	"sidecar/varz"
	"sidecar/wire/resp"
)

// redisBackend is an upstream of Redis as commands see it.
type redisBackend struct {
	d       *daemon
	name    string
	dialer  *resp.Dialer
	keys    *resp.Keyspace
	counts  *resp.Counts
	mirror  *resp.Mirror                     // of other upstreams' writes to this one
	cluster atomic.Pointer[upstream.Cluster] // once it is made
	source  atomic.Pointer[redis.Source]     // of servers that say where the keys are, else nil
	asks    atomic.Pointer[redis.Settings]

	mu    sync.Mutex
	cfg   config.Redis      // in force; guarded by mu
	known []discovery.Known // the endpoints that are used; guarded by mu
	out   map[string]bool   // of them, those that are ejected; guarded by mu
}

// notYet is the address of a shard of which nobody knows where it is: no endpoint
// has it. Any endpoint would be the wrong one.
const notYet = "(not known yet)"

// redisSpeaker makes the three sets of connections to each endpoint of u.
func (d *daemon) redisSpeaker(u config.Upstream, dial dialFunc) (speaker, error) {
	set, err := redisDialSettings(u)
	if err != nil {
		return speaker{}, err
	}
	b := &redisBackend{d: d, name: u.Name, counts: resp.NewCounts(d.registry, u.Name), cfg: u.Redis, mirror: resp.NewMirror(d.registry, u.Name)}
	b.dialer = resp.NewDialer(resp.DialParams{
		Dial: dial, Wheel: d.wheel, Buffers: d.bufs, Room: d.room, Now: sidecar.Now, Stats: resp.NewConnStats(d.registry, u.Name),
	}, set)
	b.dialer.Gauges(d.registry, u.Name)
	b.keys = resp.NewKeyspace(b.keyspace(u.Redis))
	if err := b.set(u); err != nil {
		return speaker{}, err
	}
	shared := func(v resp.Version) upstream.Line {
		return upstream.Line{Shared: true, Dial: func(ctx context.Context, e discovery.Endpoint) (pool.Conn, error) {
			conn, err := b.dialer.Connect(ctx, e.Address, v)
			if err != nil {
				return nil, err // a nil *resp.Conn in a pool.Conn would not be nil
			}
			return conn, nil
		}}
	}
	alone := upstream.Line{Dial: func(ctx context.Context, e discovery.Endpoint) (pool.Conn, error) {
		conn, err := b.dialer.ConnectExclusive(ctx, e.Address)
		if err != nil {
			return nil, err
		}
		return conn, nil
	}}
	return speaker{
		lines: []upstream.Line{resp.LineRESP2: shared(resp.RESP2), resp.LineRESP3: shared(resp.RESP3), resp.LineExclusive: alone}, choose: resp.Choose,
		sent: varz.SocketBytesSent, received: varz.SocketBytesRecv, redis: b,
		set: b.set,
	}, nil
}

// set takes over what a reload has changed.
func (b *redisBackend) set(u config.Upstream) error {
	set, err := redisDialSettings(u)
	if err != nil {
		return err
	}
	asks, err := redisLooks(u, set)
	if err != nil {
		return err
	}
	read, known := resp.ReadPolicyNamed(u.Redis.Read)
	if !known {
		panic("daemon: config lets a read policy pass that resp does not know: " + u.Redis.Read)
	}
	b.dialer.Set(set)
	b.asks.Store(asks)
	b.keys.SetRead(read)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cfg = u.Redis
	b.deal()
	return nil
}

// load is what the endpoint at that address has to do. Hot.
func (b *redisBackend) load(address string) (int64, sidecar.Status) {
	if c := b.cluster.Load(); c != nil {
		return c.At(address)
	}
	return 0, sidecar.Closed
}

// changed takes up which endpoints are used, and which of them are ejected.
func (b *redisBackend) changed(used []discovery.Known, out map[string]bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known, b.out = used, out
	b.deal()
}

// deal deals out the keys of a sharded upstream; with the lock held.
func (b *redisBackend) deal() {
	if b.cfg.Topology != config.RedisSharded || len(b.known) == 0 {
		return // what nobody has stays where it was
	}
	s, err := shardingOf(b.cfg)
	var m *resp.Map
	if err == nil {
		m, err = s.shardsOf(b.present())
	}
	if err != nil {
		b.d.log.Error("keys not dealt out", "upstream", b.name, "error", err)
		return
	}
	b.keys.Set(m)
}

// present are the endpoints that have keys: all, but those that are ejected and
// whose keys others are to have. With the lock held.
func (b *redisBackend) present() []discovery.Known {
	if !b.cfg.Sharding.AutoEject {
		return b.known
	}
	left := slices.DeleteFunc(slices.Clone(b.known), func(k discovery.Known) bool { return b.out[k.Address] })
	if len(left) == 0 {
		return b.known
	}
	return left
}

// shardingOf is how keys are dealt out by r.
func shardingOf(r config.Redis) (sharding, error) {
	s := sharding{distribution: r.Sharding.Distribution}
	hash, known := resp.KeyHashNamed(r.Sharding.Hash)
	if !known {
		return s, fmt.Errorf("no hash is named %q", r.Sharding.Hash)
	}
	s.hashing.Hash = hash
	var err error
	s.hashing.Open, s.hashing.End, err = parseHashTag(r.Sharding.Tag)
	return s, err
}

// redisDialSettings are u's settings as connections of Redis take them.
func redisDialSettings(u config.Upstream) (resp.DialSettings, error) {
	r := u.Redis
	set := resp.DialSettings{Username: r.Username, Database: r.Database, MaxReply: int(r.MaxReply), ReadOnly: r.Topology == config.RedisCluster && r.Read != config.RedisReadMaster}
	if r.Password == (config.Secret{}) {
		return set, nil
	}
	var err error
	if set.Password, err = readSecret(r.Password); err != nil {
		return set, fmt.Errorf("%s.redis.password: %w", u.Key, err)
	}
	return set, nil
}

// aloneOf are the commands that have settings of their own, by number; nil if
// there are none.
func aloneOf(u *config.Upstream) []bool {
	if len(u.Operations) == 0 {
		return nil
	}
	alone := make([]bool, len(resp.Commands())+1)
	for i := range resp.Commands() {
		row := &resp.Commands()[i]
		for _, o := range u.Operations {
			if o.Name == row.Name {
				alone[row.Index()] = true
			}
		}
	}
	return alone
}
