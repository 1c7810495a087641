package daemon

import (
	"errors"
	"slices"

	"sidecar"
	"sidecar/config"
	"sidecar/route"
	"sidecar/wire/http"
)

// between is what stands between a listener's routes and the upstreams.
type between struct {
	stats *http.FilterStats
	cache *http.Cache // nil: only checked, nothing will go through
}

// cached is the cache as a layer for a route, nil where it has none.
func (b between) cached(l config.Listener, wanted bool) sidecar.Layer {
	if b.cache == nil || !wanted || l.Cache.Mode == config.ModeOff {
		return nil
	}
	return b.cache.Layer
}

// compileRoutes makes a listener's routes over the upstreams there are.
func compileRoutes(l config.Listener, upstreams map[string]sidecar.Service, b between) (*route.Routes, error) {
	p := route.Params{Default: l.Upstream, Upstreams: upstreams, Select: selectors(l.Protocol)}
	var wrong []error
	layer := func(filters []config.Filter, cache bool) sidecar.Layer {
		inner := b.cached(l, cache)
		fs, err := compileFilters(l, filters, upstreams, inner)
		wrong = append(wrong, err)
		switch {
		case fs == nil:
			return inner
		case inner == nil:
			return fs.Layer(b.stats)
		}
		return func(next sidecar.Service) sidecar.Service { return sidecar.Stack(next, fs.Layer(b.stats), inner) }
	}
	p.DefaultLayer = layer(nil, true)
	for _, r := range l.Routes {
		rule := route.Rule{Host: r.Match.Host, PathPrefix: r.Match.PathPrefix, Service: r.Match.Service, Method: r.Match.Method, Upstream: r.Upstream, Layer: layer(r.Filters, r.Cache)}
		for _, h := range r.Match.Headers {
			rule.Headers = append(rule.Headers, route.HeaderMatch{Name: h.Name, Value: h.Value})
		}
		p.Rules = append(p.Rules, rule)
	}
	routes, err := route.Compile(p)
	if err = errors.Join(append(wrong, err)...); err != nil {
		return nil, err
	}
	return routes, nil
}

// checkRoutes is what is wrong with a listener's routes and filters, each at its
// line. The upstreams are never called.
func checkRoutes(f *config.File, l config.Listener, upstreams map[string]sidecar.Service) (problems []config.Problem) {
	check := func(key string, filters []config.Filter) bool {
		_, err := compileFilters(l, filters, upstreams, nil)
		if err != nil {
			problems = append(problems, f.ProblemAt(key, err.Error()))
		}
		return err == nil
	}
	if !check(l.Key+".filter", nil) {
		return problems // it would be told again of each route
	}
	for _, r := range l.Routes {
		check(r.Key+".filter", r.Filters)
	}
	if _, err := compileRoutes(l, upstreams, between{}); err != nil && len(problems) == 0 {
		problems = append(problems, f.ProblemAt(l.Key+".route", err.Error()))
	}
	return problems
}

// compileFilters makes the filters of a route, behind those of its listener; nil
// if there are none. inner stands before the upstreams that they switch to.
func compileFilters(l config.Listener, own []config.Filter, upstreams map[string]sidecar.Service, inner sidecar.Layer) (*http.Filters, error) {
	var all []http.Filter
	for _, f := range slices.Concat(l.Filters, own) {
		all = append(all, httpFilter(f))
	}
	return http.Compile(all, func(name string) sidecar.Service {
		s := upstreams[name]
		if s != nil && inner != nil {
			s = inner(s)
		}
		return s
	})
}

// httpFilter is a filter as the protocol knows it.
func httpFilter(f config.Filter) http.Filter {
	out := http.Filter{
		SetRequest: httpFields(f.SetRequest), AddRequest: httpFields(f.AddRequest), RemoveRequest: f.RemoveRequest,
		SetReply: httpFields(f.SetReply), AddReply: httpFields(f.AddReply), RemoveReply: f.RemoveReply,
	}
	switch {
	case f.Rewrite != nil:
		out.Rewrite = &http.Rewrite{Prefix: f.Rewrite.Prefix, To: f.Rewrite.To}
	case f.Redirect != nil:
		r := f.Redirect
		out.Redirect = &http.Redirect{Status: r.Status, HTTPS: r.HTTPS, Host: r.Host, Prefix: r.Prefix, To: r.To}
	case f.Reply != nil:
		out.Reply = &http.FixedReply{Status: f.Reply.Status, Type: f.Reply.Type, Body: f.Reply.Body}
	case f.Split != nil:
		out.Split = &http.Split{Percent: f.Split.Percent, Upstream: f.Split.Upstream, Sticky: f.Split.Sticky}
	}
	return out
}

func httpFields(list []config.Header) []http.Field {
	var all []http.Field
	for _, h := range list {
		all = append(all, http.Field{Name: h.Name, Value: h.Value})
	}
	return all
}

// cacheSettings are l's settings as its cache takes them.
func cacheSettings(l config.Listener) http.CacheSettings {
	c := l.Cache
	s := http.CacheSettings{MaxBytes: c.MaxBytes, MaxEntry: c.MaxEntry, Beta: c.Beta, Coalesce: c.Coalesce, CoalesceWait: c.CoalesceWait, LastGood: c.LastGood}
	switch c.Mode {
	case config.ModeDark:
		s.Mode = http.CacheDark
	case config.ModeOn:
		s.Mode = http.CacheOn
	}
	return s
}
