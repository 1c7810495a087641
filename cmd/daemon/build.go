package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"

	"sidecar"
	"sidecar/admin"
	"sidecar/config"
	"sidecar/discovery"
	"sidecar/listener"
	"sidecar/route"
	"sidecar/sock"
	"sidecar/upstream"
	"sidecar/upstream/pool"
	"sidecar/varz"
	"sidecar/why"
	"sidecar/wire/http"
	"sidecar/wire/http1"
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

// front is one listener with what stands between it and the upstreams.
type front struct {
	cfg       atomic.Pointer[config.Listener] // in force
	ln        *listener.Listener
	srv       *http1.Server
	table     *route.Table
	admission *listener.Admission
	between   between
	ring      *why.Ring // of what reached no upstream
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

// addFront binds a listener and builds its stack, outermost first: what came
// in is counted whatever becomes of it, admission comes before any work is
// spent on routing.
func (d *daemon) addFront(l config.Listener) error {
	b := between{
		stats: http.NewFilterStats(d.registry, l.Name),
		cache: http.NewCache(http.CacheParams{Listener: l.Name, Registry: d.registry}, cacheSettings(l)),
	}
	routes, err := compileRoutes(l, d.ups.services(), b)
	if err != nil {
		return err
	}
	id, _ := http.Select("request_id")
	f := &front{between: b, table: route.New(routes), admission: new(listener.Admission), ring: why.New(why.Params{RequestID: id})}
	f.cfg.Store(&l)
	f.admission.SetMax(l.MaxInFlight)
	handler := sidecar.Stack(f.table, listener.Count(d.registry, l.Name), f.record, f.admission.Layer)
	f.srv = http1.NewServer(http1.Params{
		Handler: handler, Wheel: d.wheel, Buffers: d.bufs, Lot: d.lot, Held: int(l.MaxHeldBody),
		Room: d.room, Pipes: d.pipes, Stats: http1.NewStats(d.registry, l.Name),
		Refused: func(x *sidecar.Exchange, client string, err *sidecar.Fault) { f.refused(d.log, x, client, err) },
	}, serverSettings(l))
	f.ln, err = listener.Listen(context.Background(), listener.Params{
		Name: l.Name, Address: l.Address, Server: httpServer{f.srv}, Lot: d.lot,
		MaxConnections: l.MaxConnections, IdleTimeout: parkedTimeout(l), Stats: listener.NewStats(d.registry, l.Name), Log: d.log,
	})
	if err != nil {
		return located(d.started, l.Key+".address", err)
	}
	d.fronts = append(d.fronts, f)
	d.log.Info("listening", "listener", l.Name, "address", f.ln.Addr().String())
	return nil
}

// record is the layer that keeps what failed before it came to an upstream,
// whose own ring has all that follows.
func (f *front) record(next sidecar.Service) sidecar.Service {
	return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		err := next.Do(ctx, x)
		if err != nil {
			switch sidecar.FaultOf(err).Reason {
			case sidecar.NoRoute, sidecar.TooManyRequests:
				f.ring.Add(x, err, x.Now())
			}
		}
		return err
	})
}

// refused keeps what never came to the stack at all: heads that are none, bodies
// that stopped coming.
func (f *front) refused(log *slog.Logger, x *sidecar.Exchange, client string, err *sidecar.Fault) {
	f.ring.Add(x, err, sidecar.Now())
	log.Debug("request refused", "listener", f.name(), "client", client, "error", err)
}

// httpServer is an HTTP server as listeners know servers: protocol packages
// return their own types, and import nobody who would use them.
type httpServer struct{ *http1.Server }

func (s httpServer) NewClient(c *sock.Conn) listener.Client { return s.Server.NewClient(c) }

// newCluster builds one upstream with its record of failures.
func (d *daemon) newCluster(u config.Upstream) (*upstream.Cluster, *why.Ring, error) {
	var sources []discovery.Source
	for _, uri := range u.Discover {
		s, err := discovery.Parse(uri, d.sourceParams(u.Name))
		if err != nil {
			return nil, nil, fmt.Errorf("%s.discover: %w", u.Key, err)
		}
		sources = append(sources, s)
	}
	settings, err := d.settings(u)
	if err != nil {
		return nil, nil, err
	}
	dialer := http1.Dialer{Dial: new(net.Dialer).DialContext}
	var c *upstream.Cluster
	id, _ := http.Select("request_id")
	ring := why.New(why.Params{Upstream: u.Name, Slow: slowAfter(u), RequestID: id, Operation: func(op sidecar.Op) string {
		if names := c.Operations(); int(op) < len(names) {
			return names[op]
		}
		return "other"
	}})
	c, err = upstream.New(upstream.Params{
		Name: u.Name, Settings: settings, Sources: sources, Prefer: u.Prefer, Record: recordOf(d.started, u.Name), Registry: d.registry, Log: d.log,
		Timer: d.timer, Sent: varz.HTTPBytesSent, Received: varz.HTTPBytesRecv,
		Dial: func(ctx context.Context, e discovery.Endpoint) (pool.Conn, error) {
			conn, err := dialer.Connect(ctx, e.Address)
			if err != nil {
				return nil, err // a nil *http1.Conn in a pool.Conn would not be nil
			}
			return conn, nil
		},
		Other:    d.ups.spare,
		Finished: func(x *sidecar.Exchange, err error) { ring.Add(x, err, x.Now()) },
	})
	return c, ring, err
}

// An exchange is slow, and told in the record, after half its timeout or a
// second, whichever is more.
const minSlow = 1e9

func slowAfter(u config.Upstream) int64 { return max(minSlow, int64(u.Timeout)/2) }
