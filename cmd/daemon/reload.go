package daemon

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"sidecar/config"
)

// reload reads the configuration again. A bad one changes nothing. What cannot
// change in a running process is named in the log and waits for a restart.
func (d *daemon) reload(p Params) {
	f, err := p.load()
	if err != nil {
		d.reloads.failed.Inc()
		d.log.Error("reload refused; the running configuration stays", "error", err)
		return
	}
	for _, note := range f.Notes {
		d.log.Warn(note)
	}
	old := d.file.Load()
	d.level.Set(f.Process.LogLevel)
	d.reloadZooKeeper(old, f)
	d.reloadXDS(old, f)
	applied, fresh := d.reloadUpstreams(f)
	awaitAnswers(fresh, p.Signals, answerWait)
	d.reloadFronts(f, applied)
	for _, u := range old.Upstreams {
		if !applied[u.Name] {
			d.log.Info("upstream removed", "upstream", u.Name)
			d.ups.remove(u.Name)
		}
	}
	d.clubs.keep(d.ups.sorted())
	if keys := waiting(d.started, f); len(keys) > 0 {
		d.log.Warn("changed settings of [process] or [admin] wait for a restart", "keys", strings.Join(keys, ", "))
	}
	d.file.Store(f)
	d.reloads.done.Inc()
	d.log.Info("configuration reloaded", "config", d.path)
}

// reloadUpstreams applies new settings and starts new upstreams; it tells
// which names are in force now and which upstreams are new.
func (d *daemon) reloadUpstreams(f *config.File) (inForce map[string]bool, fresh []*running) {
	inForce = map[string]bool{}
	for _, u := range f.Upstreams {
		r := d.ups.get(u.Name)
		if r == nil {
			if err := d.ups.add(u); err != nil {
				d.log.Error("new upstream not started", "upstream", u.Name, "error", err)
				continue
			}
			d.log.Info("upstream added", "upstream", u.Name)
			fresh = append(fresh, d.ups.get(u.Name))
		} else {
			d.applyUpstream(r, u)
		}
		inForce[u.Name] = true
	}
	return inForce, fresh
}

// How long routes wait for the endpoints of an upstream that a reload brings,
// and how often endpoints are looked for.
const (
	answerWait = 2 * time.Second
	answerPoll = 5 * time.Millisecond
)

// awaitAnswers waits, at most for the limit, until new upstreams know their
// endpoints: what leads to them at once would fail the requests of the moment
// until then. It does not keep a signal waiting.
func awaitAnswers(fresh []*running, signals <-chan os.Signal, limit time.Duration) {
	tick := time.NewTicker(answerPoll)
	defer tick.Stop()
	for end := time.Now().Add(limit); time.Now().Before(end) && len(signals) == 0; <-tick.C {
		if !slices.ContainsFunc(fresh, func(r *running) bool { return !r.answered() }) {
			return
		}
	}
}

// answered tells whether what discovery found is in use: it is told to be ready
// only after that.
func (r *running) answered() bool {
	ok, _ := r.cluster.Ready()
	return ok
}

func (d *daemon) applyUpstream(r *running, u config.Upstream) {
	old := r.cfg.Load()
	if !reflect.DeepEqual(old.Discover, u.Discover) || old.Prefer != u.Prefer {
		d.log.Warn("changed discover waits for a restart", "upstream", u.Name)
		u.Discover, u.Prefer = old.Discover, old.Prefer
	}
	if old.Protocol != u.Protocol {
		d.log.Warn("changed protocol waits for a restart", "upstream", u.Name)
		u.Protocol, u.Thrift, u.Mux, u.Redis, u.Pool = old.Protocol, old.Thrift, old.Mux, old.Redis, old.Pool
		u.Kafka, u.Producer, u.Balance = old.Kafka, old.Producer, old.Balance
	}
	if old.Redis.Topology != u.Redis.Topology {
		d.log.Warn("changed redis.topology waits for a restart", "upstream", u.Name)
		u.Redis, u.Balance = old.Redis, old.Balance
	}
	// Always: the file may be another though its name is the same.
	if err := r.face.set(u, d.path); err != nil {
		d.log.Error("interface file not applied", "upstream", u.Name, "error", err)
		u.Thrift.IDL = old.Thrift.IDL
	}
	// And so may certificates and passwords.
	if err := r.speaker.sockets.set(u); err != nil {
		d.log.Error("TLS or source_address not applied", "upstream", u.Name, "error", err)
		u.Reach = old.Reach
	}
	if err := r.speaker.set(u); err != nil {
		d.log.Error("settings not applied", "upstream", u.Name, "error", err)
		u.Redis, u.Kafka = old.Redis, old.Kafka
	}
	if reflect.DeepEqual(*old, u) {
		return
	}
	settings, err := d.settings(u)
	if err == nil {
		err = r.cluster.Apply(settings)
	}
	if err != nil {
		d.log.Error("settings not applied", "upstream", u.Name, "error", err)
		return
	}
	r.ring.SetSlow(slowAfter(u))
	r.cfg.Store(&u)
	d.ups.spared(r)
	d.log.Info("settings applied", "upstream", u.Name)
}

// reloadFronts swaps routes and settings of the listeners that are bound as
// before.
func (d *daemon) reloadFronts(f *config.File, inForce map[string]bool) {
	seen := map[string]bool{}
	for _, l := range f.Listeners {
		seen[l.Name] = true
		front := d.front(l.Name)
		if front == nil {
			d.log.Warn("new listener waits for a restart", "listener", l.Name)
			continue
		}
		old := front.cfg.Load()
		if keys := fixedChanges(*old, l); len(keys) > 0 {
			d.log.Warn("changed listener waits for a restart", "listener", l.Name, "keys", strings.Join(keys, ", "))
			if l.Protocol != old.Protocol {
				keepRoutes(front, inForce) // what it says now is of another protocol: nothing of that fits
				continue
			}
			l.Address, l.MaxConnections, l.MaxHeldBody = old.Address, old.MaxConnections, old.MaxHeldBody
			if l.Protocol == config.ProtocolKafka {
				keepPlaces(&l, *old)
				inForce[l.Upstream] = true
			}
		}
		if err := d.swapRoutes(front, l); err != nil {
			d.log.Error("routes not changed", "listener", l.Name, "error", err)
			keepRoutes(front, inForce)
			continue
		}
		front.admission.SetMax(l.MaxInFlight)
		if err := front.srv.set(l); err != nil {
			d.log.Error("settings not applied", "listener", l.Name, "error", err)
			keepRoutes(front, inForce) // a server of Redis has its routes with its settings
			continue
		}
		if err := front.greeting.set(l); err != nil {
			d.log.Error("certificate not changed", "listener", l.Name, "error", err)
		}
		front.ln.SetIdleTimeout(parkedTimeout(l))
		front.cfg.Store(&l)
	}
	for _, front := range d.fronts {
		if !seen[front.name()] {
			d.log.Warn("removed listener waits for a restart", "listener", front.name())
			keepRoutes(front, inForce)
		}
	}
}

// swapRoutes has requests that come from now on go as l says.
func (d *daemon) swapRoutes(f *front, l config.Listener) error {
	if f.redis != nil {
		return d.routeRedis(f.redis, l)
	}
	routes, err := compileRoutes(l, d.ups.services(l.Protocol), f.between)
	if err != nil {
		return err
	}
	if f.between.cache != nil {
		f.between.cache.Set(cacheSettings(l))
	}
	f.table.Swap(routes)
	return nil
}

// keepRoutes keeps the upstreams of a listener whose routes stay as they were.
func keepRoutes(f *front, inForce map[string]bool) {
	cfg := f.cfg.Load()
	inForce[cfg.Upstream], inForce[cfg.Redis.Mirror] = true, true
	keepSplits(cfg.Filters, inForce)
	for _, r := range cfg.Routes {
		inForce[r.Upstream], inForce[r.Mirror] = true, true
		keepSplits(r.Filters, inForce)
	}
}

// keepSplits keeps the upstreams that filters switch to.
func keepSplits(filters []config.Filter, inForce map[string]bool) {
	for _, f := range filters {
		if f.Split != nil {
			inForce[f.Split.Upstream] = true
		}
	}
}

// fixedChanges are the changed keys of what a listener is made of once and for
// all.
func fixedChanges(old, now config.Listener) (keys []string) {
	if old.Protocol != now.Protocol {
		return []string{"protocol"} // which the others hang on
	}
	for _, k := range fixedKeys {
		if k.value(old) != k.value(now) {
			keys = append(keys, k.name)
		}
	}
	return keys
}

// fixedKeys are the settings that a listener is made with once and for all.
var fixedKeys = [...]struct {
	name  string
	value func(config.Listener) any
}{
	{"address", func(l config.Listener) any { return l.Address }},
	{"protocol", func(l config.Listener) any { return l.Protocol }},
	{"max_connections", func(l config.Listener) any { return l.MaxConnections }},
	{"max_held_body", func(l config.Listener) any { return l.MaxHeldBody }},
	{"upstream", ofPlaces(func(l config.Listener) any { return l.Upstream })},
	{"kafka.mode", ofPlaces(func(l config.Listener) any { return l.Kafka.Mode })},
	{"kafka.advertise", ofPlaces(func(l config.Listener) any { return l.Kafka.Advertise })},
	{"kafka.network", ofPlaces(func(l config.Listener) any { return l.Kafka.Network })},
	{"kafka.ports", ofPlaces(func(l config.Listener) any { return l.Kafka.Ports })},
	{"kafka.advertise_host", ofPlaces(func(l config.Listener) any { return l.Kafka.Host })},
	{"kafka.advertise_port_offset", ofPlaces(func(l config.Listener) any { return l.Kafka.PortOffset })},
	{"tls", ofPlaces(func(l config.Listener) any { return l.Kafka.TLS.Cert != "" })},
}

// ofPlaces is v of listeners whose clients are told of further addresses, which
// stay as they are as long as the process does.
func ofPlaces(v func(config.Listener) any) func(config.Listener) any {
	return func(l config.Listener) any {
		if l.Protocol != config.ProtocolKafka {
			return nil
		}
		return v(l)
	}
}

// keepPlaces leaves l with the addresses that old's clients were told of.
func keepPlaces(l *config.Listener, old config.Listener) {
	k := &l.Kafka
	l.Upstream, k.Advertise, k.Network, k.Ports = old.Upstream, old.Kafka.Advertise, old.Kafka.Network, old.Kafka.Ports
	k.Mode, k.Host, k.PortOffset = old.Kafka.Mode, old.Kafka.Host, old.Kafka.PortOffset
	if (k.TLS.Cert == "") != (old.Kafka.TLS.Cert == "") {
		k.TLS = old.Kafka.TLS
	}
}

// waiting are the changed keys of [process] and [admin] that are read at start
// only.
func waiting(started, now *config.File) (keys []string) {
	values := map[string]string{}
	for _, s := range started.Settings() {
		values[s.Key] = s.Value
	}
	for _, s := range now.Settings() {
		if (strings.HasPrefix(s.Key, "process.") || strings.HasPrefix(s.Key, "admin.")) && needsRestart(s.Key) && values[s.Key] != s.Value {
			keys = append(keys, s.Key)
		}
	}
	return keys
}

func (f *front) name() string { return f.cfg.Load().Name }

func (d *daemon) front(name string) *front {
	for _, f := range d.fronts {
		if f.name() == name {
			return f
		}
	}
	return nil
}
