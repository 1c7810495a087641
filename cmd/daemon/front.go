package daemon

import (
	"context"
	"log/slog"
	"net"
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
	table     *route.Table // nil where the protocol has routes of its own
	redis     *redisRoutes // of ProtocolRedis
	places    *kafkaPlaces // of ProtocolKafka
	admission *listener.Admission
	greeting  *greeting // in TLS; nil: clients speak none
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
	f := &front{log: d.log, between: b, admission: new(listener.Admission), ring: why.New(why.Params{RequestID: requestID(l.Protocol)})}
	f.cfg.Store(&l)
	f.admission.SetMax(l.MaxInFlight)
	to, err := d.routed(f, l)
	if err != nil {
		return err
	}
	bound, err := d.bindPlaces(f, l)
	if err != nil {
		return err
	}
	if f.greeting, err = newGreeting(l); err != nil {
		if bound != nil {
			bound.Close()
		}
		return err
	}
	handler := sidecar.Stack(to, listener.Count(d.registry, l.Name), f.record, f.admission.Layer)
	if f.srv, err = d.newServer(f, l, handler); err != nil {
		if bound != nil {
			bound.Close()
		}
		return err
	}
	f.ln, err = listener.Listen(context.Background(), listener.Params{
		Name: l.Name, Address: l.Address, Bound: bound, Server: f.srv, Lot: d.lot,
		MaxConnections: l.MaxConnections, IdleTimeout: parkedTimeout(l), Stats: listener.NewStats(d.registry, l.Name), Log: d.log, TLS: f.greeting.forListener(f),
	})
	if err != nil {
		return located(d.started, l.Key+".address", err)
	}
	d.fronts = append(d.fronts, f)
	d.log.Info("listening", "listener", l.Name, "address", f.ln.Addr().String())
	return nil
}

// bindPlaces binds what clients of a listener connect to whose protocol tells them
// of further addresses; nil for the others.
func (d *daemon) bindPlaces(f *front, l config.Listener) (_ net.Listener, err error) {
	if l.Protocol != config.ProtocolKafka {
		return nil, nil
	}
	if f.places, err = d.bindKafka(l); err != nil {
		return nil, err
	}
	return f.places.bound, nil
}

// routed is what leads l's exchanges to their upstreams.
func (d *daemon) routed(f *front, l config.Listener) (sidecar.Service, error) {
	if l.Protocol == config.ProtocolRedis {
		f.redis = new(redisRoutes)
		return sidecar.ServiceFunc(toTarget), d.routeRedis(f.redis, l)
	}
	routes, err := compileRoutes(l, d.ups.services(l.Protocol), f.between)
	if err != nil {
		return nil, err
	}
	f.table = route.New(routes)
	return f.table, nil
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
