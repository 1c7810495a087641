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
}

// compileRoutes makes a listener's routes over the upstreams there are.
func compileRoutes(l config.Listener, upstreams map[string]sidecar.Service, b between) (*route.Routes, error) {
	p := route.Params{Default: l.Upstream, Upstreams: upstreams, Select: http.Select}
	var wrong []error
	layer := func(filters []config.Filter) sidecar.Layer {
		fs, err := compileFilters(l, filters, upstreams)
		wrong = append(wrong, err)
		if fs == nil {
			return nil
		}
		return fs.Layer(b.stats)
	}
	p.DefaultLayer = layer(nil)
	for _, r := range l.Routes {
		rule := route.Rule{Host: r.Match.Host, PathPrefix: r.Match.PathPrefix, Method: r.Match.Method, Upstream: r.Upstream, Layer: layer(r.Filters)}
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
		_, err := compileFilters(l, filters, upstreams)
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
// if there are none.
func compileFilters(l config.Listener, own []config.Filter, upstreams map[string]sidecar.Service) (*http.Filters, error) {
	var all []http.Filter
	for _, f := range slices.Concat(l.Filters, own) {
		all = append(all, httpFilter(f))
	}
	return http.Compile(all, func(name string) sidecar.Service { return upstreams[name] })
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
