package daemon

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/config"
	"sidecar/upstream"
	"sidecar/varz"
	"sidecar/why"
	"sidecar/wire/thrift"
)

// upstreams are the clusters there are, by name. A reload adds and removes
// some; whoever serves or looks takes what there is at that moment.
type upstreams struct {
	d    *daemon
	mu   sync.Mutex
	all  map[string]*running // guarded by mu
	ctx  context.Context     // from start on; guarded by mu
	work *sync.WaitGroup
}

// running is a cluster with its settings, its record and its end.
type running struct {
	name    string
	cfg     atomic.Pointer[config.Upstream] // in force
	cluster *upstream.Cluster
	ring    *why.Ring
	speaker speaker
	face    *face
	spare   atomic.Pointer[sidecar.Service] // for upstreams that fall back on it
	stop    context.CancelFunc              // nil before start
	ctx     context.Context                 // ends with it; nil before start
	mirrors bool                            // it gets copies of others' writes; guarded by upstreams.mu
}

// spared makes what others fall back on anew, as r's settings are. Their calls
// are of Thrift or of Mux.
func (u *upstreams) spared(r *running) {
	cfg := r.cfg.Load()
	s := u.d.bridged(cfg, r.face, r.cluster.Spare())
	r.spare.Store(&s)
}

func newUpstreams(d *daemon) *upstreams { return &upstreams{d: d, all: map[string]*running{}} }

// add builds a cluster and, once the process runs, starts it.
func (u *upstreams) add(cfg config.Upstream) error {
	// Built under the lock, so that forget cannot take the series of a new
	// cluster for those of an old one of its name.
	u.mu.Lock()
	defer u.mu.Unlock()
	fc := &face{forks: thrift.NewForks(u.d.wheel)}
	if err := fc.set(cfg, u.d.path); err != nil {
		return err
	}
	to, err := u.d.newSpeaker(cfg, fc)
	if err != nil {
		return err
	}
	c, ring, err := u.d.newCluster(cfg, to)
	if err != nil {
		return err
	}
	if to.redis != nil {
		to.redis.cluster.Store(c)
	}
	r := &running{name: cfg.Name, cluster: c, ring: ring, speaker: to, face: fc}
	r.cfg.Store(&cfg)
	u.spared(r)
	u.all[cfg.Name] = r
	if u.ctx != nil {
		u.start(r)
	}
	return nil
}

// start runs r until the process ends or a reload removes it; u.mu is held.
func (u *upstreams) start(r *running) {
	ctx, cancel := context.WithCancel(u.ctx)
	r.ctx, r.stop = ctx, cancel
	u.startMirror(r)
	u.work.Go(func() {
		defer cancel()
		if err := r.cluster.Run(ctx); err != nil && ctx.Err() == nil {
			u.d.log.Error("upstream ended", "upstream", r.name, "error", err)
		}
		r.cluster.Close()
		r.speaker.close()
		u.forget(r)
	})
}

// lingerAtLeast is how long a removed cluster goes on in any case: a request
// that had its route before the change may be about to enter it.
const lingerAtLeast = time.Second

// remove ends a cluster that no route leads to any more, once the exchanges in
// it have come to their end, those too that wait for a connection or will be
// tried again; at the latest when the grace is over.
func (u *upstreams) remove(name string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	r := u.all[name]
	delete(u.all, name)
	if r == nil || r.stop == nil {
		return
	}
	r.cluster.Drain()
	ctx, underWay := u.ctx, u.d.registry.Gauge(varz.InFlight, varz.Source{Service: name})
	end := time.Now().Add(max(lingerAtLeast, u.d.file.Load().Process.Grace))
	u.work.Go(func() {
		defer r.stop()
		tick := time.NewTicker(lingerAtLeast)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if underWay.Value() == 0 || time.Now().After(end) {
				return
			}
		}
	})
}

// forget takes the series of a removed cluster out of the metrics, unless one
// of its name has come again.
func (u *upstreams) forget(r *running) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, used := u.all[r.name]; !used {
		// What is announced has a name of its own, which may be the same.
		u.d.registry.Remove(func(d *varz.Desc, s varz.Source) bool { return d != varz.Announced && s.Service == r.name })
	}
}

func (d *daemon) startUpstreams(ctx context.Context, work *sync.WaitGroup) {
	u := d.ups
	u.mu.Lock()
	defer u.mu.Unlock()
	u.ctx, u.work = ctx, work
	for _, r := range u.all {
		u.start(r)
	}
}

// sorted are the clusters by name.
func (u *upstreams) sorted() []*running {
	u.mu.Lock()
	defer u.mu.Unlock()
	var list []*running
	for _, name := range slices.Sorted(maps.Keys(u.all)) {
		list = append(list, u.all[name])
	}
	return list
}

func (u *upstreams) get(name string) *running {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.all[name]
}

// service is the cluster with what its protocol, and its interface file, have
// before it for callers that speak the protocol.
func (u *upstreams) service(r *running, protocol string) sidecar.Service {
	cfg := r.cfg.Load()
	if cfg.Protocol == config.ProtocolKafka && protocol == config.ProtocolHTTP {
		return r.speaker.kafka.records.Layer(r.cluster)
	}
	if cfg.Protocol == config.ProtocolThriftMux {
		return r.face.before(oneways(cfg, u.d.bridged(cfg, r.face, r.cluster)), protocol)
	}
	return u.d.bridged(cfg, r.face, r.face.before(oneways(cfg, r.cluster), protocol))
}

// oneways is s for methods of which the configuration says that they answer
// nothing.
func oneways(cfg *config.Upstream, s sidecar.Service) sidecar.Service {
	if names := cfg.Thrift.Oneway; len(names) > 0 {
		return thrift.Oneways(names)(s)
	}
	return s
}

// services are the clusters as the routes of listeners know them that speak the
// protocol.
func (u *upstreams) services(protocol string) map[string]sidecar.Service {
	m := map[string]sidecar.Service{}
	for _, r := range u.sorted() {
		m[r.name] = u.service(r, protocol)
	}
	return m
}
