package daemon

import (
	"context"
	"fmt"
	"time"

	"sidecar"
	"sidecar/config"
	"sidecar/wire/resp"
)

// redisTarget is the upstream of that name for commands of l, of whose writes the
// upstream named mirror gets a copy, unless that is "".
func (u *upstreams) redisTarget(l config.Listener, name, mirror string) (*resp.Target, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	r, err := u.ofRedis(name)
	if err != nil {
		return nil, err
	}
	t := r.target(r.cluster)
	t.MaskKeys = l.Redis.MaskKeys
	if mirror == "" || mirror == name {
		return t, nil
	}
	to, err := u.ofRedis(mirror)
	if err != nil {
		return nil, err
	}
	if !to.mirrors {
		to.mirrors = true
		u.startMirror(to)
	}
	t.Service = to.speaker.redis.mirror.Layer(t.Service)
	return t, nil
}

// ofRedis is the upstream of that name; u.mu is held.
func (u *upstreams) ofRedis(name string) (*running, error) {
	if r := u.all[name]; r != nil && r.speaker.redis != nil {
		return r, nil
	}
	return nil, fmt.Errorf("route: no upstream of Redis is named %q", name)
}

// startMirror sends copies to r until it ends, once it has begun; u.mu is held.
func (u *upstreams) startMirror(r *running) {
	if !r.mirrors || r.ctx == nil {
		return
	}
	t := r.target(r.cluster)
	srv := resp.NewServer(resp.Params{Handler: sidecar.ServiceFunc(toTarget), Wheel: u.d.wheel, Buffers: u.d.bufs, Room: u.d.room}, resp.Settings{
		Route: func(*resp.Row, []byte, []byte) *resp.Target { return t }, HeaderTimeout: mirrorSilence, IdleTimeout: mirrorSilence,
	})
	ctx := r.ctx
	u.work.Go(func() { r.speaker.redis.mirror.Run(ctx, srv) })
}

// mirrorSilence is how long nothing may be written to a mirror: its client is in
// this process, and does not leave.
const mirrorSilence = 365 * 24 * time.Hour

// target is the upstream of r, reached by s.
func (r *running) target(s sidecar.Service) *resp.Target {
	cfg, b := r.cfg.Load(), r.speaker.redis
	t := &resp.Target{Name: r.name, Service: s, Keys: b.keys, Counts: b.counts, Alone: aloneOf(cfg)}
	if cfg.Redis.MGetErrors == config.RedisNull {
		t.OnError = resp.NullMissing
	}
	return t
}

// toTarget performs an exchange at the upstream that its server has chosen.
func toTarget(ctx context.Context, x *sidecar.Exchange) error {
	var to *resp.Target
	switch m := x.Msg.(type) {
	case *resp.Call:
		to = m.Target
	case *resp.Talk:
		to = m.Target
	}
	if to == nil {
		return &sidecar.Fault{Stage: sidecar.StageRoute, Flags: sidecar.Rejected | sidecar.Unsent, Reason: sidecar.NoRoute}
	}
	x.Dest = to.Name
	return to.Service.Do(ctx, x)
}
