package route

import (
	"errors"
	"fmt"
	"strings"

	"sidecar"
)

// maxHost is the longest host that is compared: a DNS name has no more bytes.
const maxHost = 255

// Params is what routes are compiled from.
type Params struct {
	// Rules are tried in this order; the first that matches wins.
	Rules []Rule
	// Default is the upstream of what no rule matches, "" if there is none.
	Default string
	// DefaultLayer stands before the default upstream; nil: nothing does.
	DefaultLayer sidecar.Layer
	// Upstreams are all those that rules may name.
	Upstreams map[string]sidecar.Service
	// Select resolves the name of a part of a message: "host", "path",
	// "service", "method", or "header:" and a field's name. It is the protocol's; false
	// says that the protocol has no such part.
	Select func(name string) (sidecar.Selector, bool)
}

// Routes are compiled rules. They never change.
type Routes struct {
	rules          []target // by number
	unmatched      *target  // the default, nil if there is none
	host, path     sidecar.Selector
	byHost, byPath bool // whether any rule asks for it
	hosts          map[string]*group
	wildcards      map[string]*group // by the suffix, as ".example.com"
	anyHost        *group
}

// target is where a rule sends to.
type target struct {
	upstream string
	service  sidecar.Service
}

// condition asks that a part of the message is exactly value, or begins with it.
type condition struct {
	sel    sidecar.Selector
	value  string
	prefix bool
}

// Compile checks the rules and builds their index. The error tells everything
// that is wrong, each by the number of its rule from 1.
func Compile(p Params) (*Routes, error) {
	r := &Routes{hosts: map[string]*group{}, wildcards: map[string]*group{}, anyHost: &group{}}
	var wrong []error
	for i, rule := range p.Rules {
		if err := r.add(p, i, rule); err != nil {
			wrong = append(wrong, fmt.Errorf("route %d: %w", i+1, err))
		}
	}
	if p.Default != "" {
		if s := p.Upstreams[p.Default]; s != nil {
			r.unmatched = &target{upstream: p.Default, service: through(p.DefaultLayer, s)}
		} else {
			wrong = append(wrong, fmt.Errorf("route: no upstream is named %q", p.Default))
		}
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	return r, nil
}

func (r *Routes) add(p Params, number int, rule Rule) error {
	wrong := []error{rule.check()}
	to := target{upstream: rule.Upstream, service: p.Upstreams[rule.Upstream]}
	if to.service == nil {
		wrong = append(wrong, fmt.Errorf("no upstream is named %q", rule.Upstream))
	} else {
		to.service = through(rule.Layer, to.service)
	}
	resolve := func(name string) sidecar.Selector {
		sel, ok := p.Select(name)
		if !ok {
			wrong = append(wrong, fmt.Errorf("the listener's protocol has nothing to select by %q", name))
		}
		return sel
	}
	if rule.Host != "" {
		r.host, r.byHost = resolve("host"), true
	}
	if rule.PathPrefix != "" {
		r.path, r.byPath = resolve("path"), true
	}
	var rest []condition
	// Headers come first, since the first of these conditions is the one that
	// is looked up: they tell more rules apart than methods do.
	for _, h := range rule.Headers {
		rest = append(rest, condition{resolve("header:" + h.Name), h.Value, false})
	}
	if rule.Service != "" {
		rest = append(rest, condition{resolve("service"), rule.Service, false})
	}
	if rule.Method != "" {
		rest = append(rest, condition{resolve("method"), rule.Method, false})
	}
	for _, m := range rule.Parts {
		rest = append(rest, condition{resolve(m.Name), m.Value, m.Prefix})
	}
	r.rules = append(r.rules, to)
	if err := errors.Join(wrong...); err != nil {
		return err
	}
	r.groupOf(rule.Host).of(rule.PathPrefix).add(number, rest)
	return nil
}

// through is s behind the layer, if there is one.
func through(l sidecar.Layer, s sidecar.Service) sidecar.Service {
	if l == nil {
		return s
	}
	return l(s)
}

// groupOf is the group of the rules with that host, made if there is none.
func (r *Routes) groupOf(host string) *group {
	if host == "" {
		return r.anyHost
	}
	index, key := r.hosts, strings.TrimSuffix(strings.ToLower(host), ".")
	if suffix, ok := strings.CutPrefix(key, "*"); ok {
		index, key = r.wildcards, suffix
	}
	g := index[key]
	if g == nil {
		g = &group{}
		index[key] = g
	}
	return g
}

// Match tells where a message goes and by which rule, numbered from 0; -1 is
// the default's number. The upstream is "" if nothing matches.
func (r *Routes) Match(m sidecar.Message) (upstream string, rule int) {
	number := r.first(m)
	switch {
	case number != none:
		return r.rules[number].upstream, number
	case r.unmatched != nil:
		return r.unmatched.upstream, -1
	}
	return "", -1
}

func (r *Routes) find(m sidecar.Message) *target {
	if number := r.first(m); number != none {
		return &r.rules[number]
	}
	return r.unmatched
}
