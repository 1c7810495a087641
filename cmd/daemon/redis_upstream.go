package daemon

import (
	"context"
	"fmt"
	"sync/atomic"

	"sidecar"
	"sidecar/config"
	"sidecar/discovery"
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
	cluster atomic.Pointer[upstream.Cluster] // once it is made
}

// redisSpeaker makes the three sets of connections to each endpoint of u.
func (d *daemon) redisSpeaker(u config.Upstream, dial dialFunc) (speaker, error) {
	set, err := redisDialSettings(u)
	if err != nil {
		return speaker{}, err
	}
	b := &redisBackend{d: d, name: u.Name, counts: resp.NewCounts(d.registry, u.Name)}
	b.dialer = resp.NewDialer(resp.DialParams{
		Dial: dial, Wheel: d.wheel, Buffers: d.bufs, Room: d.room, Now: sidecar.Now, Stats: resp.NewConnStats(d.registry, u.Name),
	}, set)
	b.dialer.Gauges(d.registry, u.Name)
	b.keys = resp.NewKeyspace(resp.KeyspaceParams{Load: b.load})
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
		set: func(u config.Upstream) error {
			set, err := redisDialSettings(u)
			if err == nil {
				b.dialer.Set(set)
			}
			return err
		},
	}, nil
}

// load is what the endpoint at that address has to do. Hot.
func (b *redisBackend) load(address string) (int64, sidecar.Status) {
	if c := b.cluster.Load(); c != nil {
		return c.At(address)
	}
	return 0, sidecar.Closed
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

// target is the upstream of r for the commands of one listener or route.
func (r *running) target(l config.Listener) *resp.Target {
	cfg, b := r.cfg.Load(), r.speaker.redis
	t := &resp.Target{Name: r.name, Service: r.cluster, Keys: b.keys, Counts: b.counts, Alone: aloneOf(cfg), MaskKeys: l.Redis.MaskKeys}
	if cfg.Redis.MGetErrors == config.RedisNull {
		t.OnError = resp.NullMissing
	}
	return t
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
