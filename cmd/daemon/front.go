package daemon

import (
	"context"
	"log/slog"
	"sync/atomic"

	"sidecar"
	"sidecar/config"
	"sidecar/listener"
	"sidecar/route"
	"sidecar/why"
	"sidecar/wire/http"
)

// front is one listener with what stands between it and the upstreams.
type front struct {
	log       *slog.Logger
	cfg       atomic.Pointer[config.Listener] // in force
	ln        *listener.Listener
	srv       server
	table     *route.Table
	admission *listener.Admission
	between   between
	ring      *why.Ring // of what reached no upstream
}

// addFront binds a listener and builds its stack, outermost first: what came
// in is counted whatever becomes of it, admission comes before any work is
// spent on routing.
func (d *daemon) addFront(l config.Listener) error {
	var b between
	if l.Protocol == config.ProtocolHTTP {
		b.stats = http.NewFilterStats(d.registry, l.Name)
		b.cache = http.NewCache(http.CacheParams{Listener: l.Name, Registry: d.registry}, cacheSettings(l))
	}
	routes, err := compileRoutes(l, d.ups.services(l.Protocol), b)
	if err != nil {
		return err
	}
	f := &front{log: d.log, between: b, table: route.New(routes), admission: new(listener.Admission), ring: why.New(why.Params{RequestID: requestID(l.Protocol)})}
	f.cfg.Store(&l)
	f.admission.SetMax(l.MaxInFlight)
	handler := sidecar.Stack(f.table, listener.Count(d.registry, l.Name), f.record, f.admission.Layer)
	f.srv = d.newServer(l, handler, f.refused)
	f.ln, err = listener.Listen(context.Background(), listener.Params{
		Name: l.Name, Address: l.Address, Server: f.srv, Lot: d.lot,
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
func (f *front) refused(x *sidecar.Exchange, client string, err *sidecar.Fault) {
	f.ring.Add(x, err, sidecar.Now())
	f.log.Debug("request refused", "listener", f.name(), "client", client, "error", err)
}
