package admin

import (
	"html/template"
	"log/slog"
	"net/http"

	"sidecar"
	"sidecar/varz"
)

// Params is what an Admin serves. Registry is needed; the rest may be zero.
type Params struct {
	Registry *varz.Registry
	// Pages are further pages. Two of one path, or one that is built in, is
	// misuse and panics.
	Pages []Page
	// Hosts are further values of the Host header that are let in: "name" at
	// any port, or "name:port". A value is also let in as an Origin, exactly
	// as it is written.
	Hosts []string
	// Actions allows what steers traffic, and any POST on an address that is
	// not of this machine.
	Actions bool
	// Ready says whether traffic may come, and why not; nil: always.
	Ready func() (bool, string)
	// Live is an error when the process cannot go on; nil: never.
	Live func() error
	// Overview is asked for the page at /; nil: it shows links only.
	Overview func() Overview
	// Title heads the page; "" is "sidecar".
	Title string
	// Version is shown on the page and in /metrics.
	Version string
	// Log takes the server's complaints; nil: nobody.
	Log *slog.Logger
	// Now is the process's monotonic time in nanoseconds since its start, for
	// the uptime; nil: sidecar.Now.
	Now func() int64
}

// Admin is the admin port without its socket. Made by New, then immutable.
type Admin struct {
	p       Params
	guard   guard
	routes  []route
	page    *template.Template
	csp     string
	metrics http.Handler
	full    http.Handler
	probe   http.Handler
}

// route is one path with all that is said about it.
type route struct {
	path, help string
	get, post  http.Handler // nil: that method is not allowed
}

// New makes the handlers.
func New(p Params) *Admin {
	if p.Now == nil {
		p.Now = sidecar.Now
	}
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	if p.Title == "" {
		p.Title = "sidecar"
	}
	a := &Admin{p: p, guard: newGuard(p.Hosts)}
	a.page, a.csp = parsePage()
	a.metrics = metricsHandler(p)
	a.routes = append(a.builtIn(), a.pages()...)
	a.full = a.headers(a.guard.wrap(mux(a.routes)))
	a.probe = a.headers(mux(a.probes()))
	return a
}

// Handler is the whole admin port.
func (a *Admin) Handler() http.Handler { return a.full }

// ProbeHandler has the probes and /metrics only, for any Host.
func (a *Admin) ProbeHandler() http.Handler { return a.probe }
