package daemon

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"sidecar"
	"sidecar/config"
	"sidecar/route"
	"sidecar/wire/resp"
)

// redisRoutes say where the commands of a listener go. A reload swaps them, and
// with them the settings of its server: what is under way (a burst, a session)
// has the table that it began with, or targets of two tables would meet there and
// be taken for different upstreams.
type redisRoutes struct{ now atomic.Pointer[redisTable] }

// redisTable is the routes at one time. Nobody changes it.
type redisTable struct {
	asks    sync.Pool      // of *resp.Call, for looks at routes
	routes  *route.Routes  // nil: there is only the default
	targets []*resp.Target // by number of rule
	rest    *resp.Target   // of what no rule matches, nil if that is refused
	// database is that of rest: the one that clients may select.
	database int
}

// find is the target of a command. Hot.
func (t *redisTable) find(row *resp.Row, key, client []byte) *resp.Target {
	if t.routes == nil {
		return t.rest
	}
	ask := t.asks.Get().(*resp.Call)
	ask.Row, ask.Key, ask.Client = row, key, client
	_, rule := t.routes.Match(ask)
	ask.Row, ask.Key, ask.Client = nil, nil, nil // they lie in a buffer
	t.asks.Put(ask)
	if rule < 0 {
		return t.rest
	}
	return t.targets[rule]
}

// redisRule is m as a rule.
func redisRule(m config.Match, upstream string) route.Rule {
	rule := route.Rule{Upstream: upstream}
	part := func(name, value string, prefix bool) {
		if value != "" {
			rule.Parts = append(rule.Parts, route.PartMatch{Name: name, Value: value, Prefix: prefix})
		}
	}
	part("command", m.Command, false)
	part("client", m.Client, false)
	part("key", m.KeyPrefix, true)
	return rule
}

// compileRedis makes the routes of l. Routes that lead to one upstream in the same
// way share a target: by that commands of one client are kept in order.
func compileRedis(l config.Listener, target func(upstream, mirror string) (*resp.Target, error)) (*redisTable, error) {
	t := &redisTable{asks: sync.Pool{New: func() any { return new(resp.Call) }}}
	p := route.Params{Select: resp.Select, Upstreams: map[string]sidecar.Service{}}
	var wrong []error
	type way struct{ upstream, mirror string }
	made := map[way]*resp.Target{}
	to := func(upstream, mirror string) *resp.Target {
		if one := made[way{upstream, mirror}]; one != nil {
			return one
		}
		one, err := target(upstream, mirror)
		if err != nil {
			wrong = append(wrong, err)
			return nil
		}
		p.Upstreams[upstream] = one.Service
		made[way{upstream, mirror}] = one
		return one
	}
	if l.Upstream != "" {
		t.rest = to(l.Upstream, l.Redis.Mirror)
	}
	for _, r := range l.Routes {
		t.targets = append(t.targets, to(r.Upstream, r.Mirror))
		p.Rules = append(p.Rules, redisRule(r.Match, r.Upstream))
	}
	if len(wrong) == 0 && len(p.Rules) > 0 {
		var err error
		t.routes, err = route.Compile(p)
		wrong = append(wrong, err)
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	return t, nil
}

// checkCommands is what is wrong with the names of commands in f.
func checkCommands(f *config.File) (problems []config.Problem) {
	known := map[string]bool{}
	for i := range resp.Commands() {
		known[resp.Commands()[i].Name] = true
	}
	check := func(key, name string) {
		if !known[name] {
			problems = append(problems, f.ProblemAt(key, fmt.Sprintf("there is no command %q: subcommands are written as \"client|setname\"", name)))
		}
	}
	for _, l := range f.Listeners {
		for key, rules := range map[string]resp.Rules{"allow": {Allow: l.Redis.Allow}, "deny": {Deny: l.Redis.Deny}} {
			if _, err := resp.NewPolicy(rules); err != nil {
				problems = append(problems, f.ProblemAt(l.Key+".redis."+key, err.Error()))
			}
		}
		for _, r := range l.Routes {
			if r.Match.Command != "" {
				check(r.Key+".match", r.Match.Command)
			}
		}
	}
	for _, u := range f.Upstreams {
		if u.Protocol == config.ProtocolRedis {
			for _, o := range u.Operations {
				check(o.Key, o.Name)
			}
		}
	}
	return problems
}

// routeRedis has the commands of l that come from now on go as l says.
func (d *daemon) routeRedis(to *redisRoutes, l config.Listener) error {
	t, err := compileRedis(l, func(name, mirror string) (*resp.Target, error) { return d.ups.redisTarget(l, name, mirror) })
	if err != nil {
		return err
	}
	if r := d.ups.get(l.Upstream); r != nil {
		t.database = r.cfg.Load().Redis.Database
	}
	to.now.Store(t)
	return nil
}
