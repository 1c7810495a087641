package daemon

import (
	"fmt"
	"log/slog"
	"sync/atomic"

	"sidecar"
	"sidecar/admin"
	"sidecar/config"
	"sidecar/discovery"
	"sidecar/sock"
	"sidecar/upstream"
	"sidecar/varz"
	"sidecar/why"
)

// daemon is the process, built. Components know nothing of each other but what
// they are given here.
type daemon struct {
	log      *slog.Logger
	level    *slog.LevelVar
	path     string
	file     atomic.Pointer[config.File] // in force, but for what waits for a restart
	started  *config.File                // what the process was started with
	registry *varz.Registry
	common
	ups      *upstreams
	clubs    *clubs
	zk       *ensembles
	xds      *planes
	fronts   []*front
	admin    *admin.Admin
	adminLns []adminListener
	life     lifetime
	pulse    *pulse
	reloads  struct{ done, failed *varz.Counter }
}

// common is what all listeners take from.
type common struct {
	wheel *sock.Wheel // upstreams, too
	bufs  *sock.Buffers
	lot   *sock.Lot
	room  *sock.Room
	pipes *sock.Pipes
}

// build makes everything and binds every address; on an error nothing is left
// bound.
func build(f *config.File, p Params, log *slog.Logger) (_ *daemon, err error) {
	d := &daemon{log: log, path: p.Path, registry: new(varz.Registry)}
	d.common = common{wheel: sock.NewWheel(sidecar.Now), bufs: sock.NewBuffers(), pipes: sock.NewPipes()}
	d.life.drain = make(chan struct{})
	d.pulse = newPulse(d.wheel, sidecar.Now)
	d.file.Store(f)
	d.started = f
	d.reloads.done, d.reloads.failed = d.registry.Counter(varz.Reloads, varz.Source{}), d.registry.Counter(varz.ReloadFailures, varz.Source{})
	if err = makeState(f); err != nil {
		return nil, err
	}
	if d.lot, err = sock.NewLot(sidecar.Now); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			d.unbind()
		}
	}()
	d.room = sock.NewRoom(sock.MaxRoom)
	d.registry.GaugeFunc(varz.HeldBytes, varz.Source{}, func() float64 { return float64(d.room.Used()) })
	d.zk, d.xds = newEnsembles(d, f.ZooKeepers), newPlanes(d, f)
	d.ups, d.clubs = newUpstreams(d), newClubs(d)
	if err = d.zk.announced.apply(f.Announces); err != nil {
		return nil, err
	}
	for _, u := range f.Upstreams {
		if err = d.ups.add(u); err != nil {
			return nil, err
		}
	}
	for _, l := range f.Listeners {
		if err = d.addFront(l); err != nil {
			return nil, err
		}
	}
	return d, d.buildAdmin(f)
}

func (d *daemon) unbind() {
	for _, f := range d.fronts {
		f.ln.Stop()
	}
	for _, l := range d.adminLns {
		l.ln.Close()
	}
	d.lot.Close()
	d.pipes.Close()
}

// newCluster builds one upstream with its record of failures.
func (d *daemon) newCluster(u config.Upstream, to speaker) (*upstream.Cluster, *why.Ring, error) {
	var sources []discovery.Source
	for _, uri := range u.Discover {
		s, err := discovery.Parse(uri, d.sourceParams(u.Name))
		if err != nil {
			return nil, nil, fmt.Errorf("%s.discover: %w", u.Key, err)
		}
		sources = append(sources, s)
	}
	if watched(u.Redis) {
		sources = []discovery.Source{to.redis.watch(u, sources, to.sockets.Dial)}
	}
	if to.kafka != nil {
		sources = []discovery.Source{to.kafka.watch(u, sources)}
	}
	settings, err := d.settings(u)
	if err != nil {
		return nil, nil, err
	}
	var c *upstream.Cluster
	ring := why.New(why.Params{Upstream: u.Name, Slow: slowAfter(u), RequestID: requestID(u.Protocol), Operation: func(op sidecar.Op) string {
		if names := c.Operations(); int(op) < len(names) {
			return names[op]
		}
		return "other"
	}})
	c, err = upstream.New(upstream.Params{
		Name: u.Name, Settings: settings, Sources: sources, Prefer: u.Prefer, Record: recordOf(d.started, u.Name), Registry: d.registry, Log: d.log,
		Timer: d.timer, Sent: to.sent, Received: to.received, Lines: to.lines, Choose: to.choose, Aside: to.aside(),
		Other: d.ups.spare, Changed: to.changed(),
		Finished: func(x *sidecar.Exchange, err error) { ring.Add(x, err, x.Now()) },
	})
	return c, ring, err
}

// An exchange is slow, and told in the record, after the time that is set, else
// after half its timeout or a second, whichever is more.
const minSlow = 1e9

func slowAfter(u config.Upstream) int64 {
	if u.Slow > 0 {
		return int64(u.Slow)
	}
	return max(minSlow, int64(u.Timeout)/2)
}
