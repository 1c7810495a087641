package admin

import (
	"io"
	"net/http"
	"slices"
	"strings"
)

func (a *Admin) probes() []route {
	return []route{
		{path: "/ready", help: "200 when traffic may come, else 503 and why", get: http.HandlerFunc(a.ready)},
		{path: "/live", help: "200, or 503 with the reason when the process has stopped turning", get: http.HandlerFunc(a.live)},
		{path: "/metrics", help: "metrics for Prometheus", get: a.metrics},
	}
}

func (a *Admin) builtIn() []route {
	return append([]route{
		{path: "/", help: "the overview", get: http.HandlerFunc(a.overview)},
		{path: "/help", help: "this list", get: http.HandlerFunc(a.help)},
		{path: "/varz", help: "metrics as JSON; ?by=service|endpoint|operation|total, ?filter=part of a name", get: a.show(Page{Kind: JSON, Get: a.varz})},
		{path: "/debug/pprof/", help: "profiles, for go tool pprof", get: profiles()},
	}, a.probes()...)
}

// pages are the routes of Params.Pages.
func (a *Admin) pages() []route {
	var out []route
	for _, p := range a.p.Pages {
		r := route{path: p.Path, help: p.Help}
		if p.Get != nil {
			r.get = a.show(p)
		}
		if p.Post != nil {
			r.post = a.act(p)
		}
		out = append(out, r)
	}
	return out
}

// sorted is the routes by path, for people.
func (a *Admin) sorted() []route {
	return slices.SortedFunc(slices.Values(a.routes), func(x, y route) int {
		return strings.Compare(x.path, y.path)
	})
}

func (a *Admin) help(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", textType)
	for _, r := range a.sorted() {
		if r.get != nil {
			io.WriteString(w, "GET   "+r.path+"  "+r.help+"\n")
		}
		if r.post != nil {
			io.WriteString(w, "POST  "+r.path+"  "+r.help+"\n")
		}
	}
}

func (a *Admin) ready(w http.ResponseWriter, _ *http.Request) {
	if a.p.Ready != nil {
		if ok, why := a.p.Ready(); !ok {
			tell(w, http.StatusServiceUnavailable, "not ready: "+why)
			return
		}
	}
	tell(w, http.StatusOK, "ready")
}

func (a *Admin) live(w http.ResponseWriter, _ *http.Request) {
	if a.p.Live != nil {
		if err := a.p.Live(); err != nil {
			tell(w, http.StatusServiceUnavailable, "not live: "+err.Error())
			return
		}
	}
	tell(w, http.StatusOK, "live")
}
