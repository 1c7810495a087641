package daemon

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"sidecar/admin"
	"sidecar/config"
	"sidecar/listener"
	"sidecar/why"
)

// adminListener is a bound socket of the admin port with what it serves.
type adminListener struct {
	ln      net.Listener
	handler http.Handler
}

func (d *daemon) buildAdmin(f *config.File) error {
	d.admin = admin.New(admin.Params{
		Registry: d.registry, Pages: d.pages(), Hosts: f.Admin.Hosts, Actions: f.Admin.Actions,
		Ready: d.ready, Live: d.live, Overview: d.overview, Version: Version, Log: d.log,
	})
	if err := d.bindAdmin(f.Admin.Address, d.admin.Handler()); err != nil {
		return located(f, "admin.address", err)
	}
	return located(f, "admin.probe_address", d.bindAdmin(f.Admin.ProbeAddress, d.admin.ProbeHandler()))
}

func (d *daemon) bindAdmin(address string, h http.Handler) error {
	if address == "" {
		return nil
	}
	ln, err := listener.Bind(context.Background(), address)
	if err != nil {
		return err
	}
	d.adminLns = append(d.adminLns, adminListener{ln, h})
	d.log.Info("admin", "address", ln.Addr().String())
	return nil
}

func (d *daemon) startAdmin(ctx context.Context, work *sync.WaitGroup) {
	for _, l := range d.adminLns {
		work.Go(func() {
			if err := d.admin.Serve(ctx, l.ln, l.handler); err != nil {
				d.log.Error("admin port failed", "error", err)
			}
		})
	}
}

// ready: traffic may come once every upstream knows where its service runs,
// until the drain begins.
func (d *daemon) ready() (bool, string) {
	if d.life.draining.Load() {
		return false, "draining"
	}
	for _, r := range d.ups.sorted() {
		if ok, text := r.cluster.Ready(); !ok {
			return false, r.name + ": " + text
		}
	}
	return true, ""
}

func (d *daemon) running() Running {
	r := Running{Listeners: map[string]net.Addr{}}
	if len(d.adminLns) > 0 && d.file.Load().Admin.Address != "" {
		r.Admin = d.adminLns[0].ln.Addr()
	}
	for _, f := range d.fronts {
		r.Listeners[f.name()] = f.ln.Addr()
	}
	return r
}

func (d *daemon) pages() []admin.Page {
	return append([]admin.Page{
		{Path: "/upstreams", Help: "every endpoint: state, why, load, connections, source, age, times in ms; ?upstream=", Get: d.upstreamsPage},
		{Path: "/discovery", Help: "each source: last answer, errors, age, what it announces and what is given out, holds; ?upstream=", Get: d.discoveryPage},
		{Path: "/zookeeper", Help: "the connections to ZooKeeper: server, session, since when, why there is none", Get: d.zooKeeperPage},
		{Path: "/kafka", Help: "the brokers of each Kafka cluster: where they are, and where clients of each listener find them; ?upstream=", Get: d.kafkaPage},
		{Path: "/xds", Help: "the control planes: connected, since when, form of the protocol, what was refused and why, errors", Get: d.xdsPage},
		{Path: "/announce", Help: "the local services that are announced: where, whether now, what their checks say", Get: d.announcePage},
		{Path: "/config", Help: "the effective configuration with the origin of each value", Get: d.configPage},
		{Path: "/why", Help: "recent failed, retried, hedged and slow exchanges, every try; ?upstream= ?reason= ?operation= ?endpoint= ?outcome= ?request_id= ?limit=", Get: d.whyPage},
		{Path: "/cache", Help: "what each listener's cache holds; POST: forget it; ?listener=", Get: d.cachePage, Post: d.cachePost, Steers: true},
		{Path: "/drain", Help: "GET: is it draining; POST: drain and end", Get: d.drainPage, Post: d.drainPost},
	}, d.steering()...)
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // people read errors such as "read tcp a->b"; browsers are told that it is JSON
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func (d *daemon) upstreamsPage(w io.Writer, q url.Values) error {
	type page struct {
		Upstream  string `json:"upstream"`
		Protocol  string `json:"protocol"`
		Discovery any    `json:"discovery"`
		Subset    any    `json:"subset"` // null without one
		Drops     any    `json:"drops"`  // null without any
		Balance   any    `json:"balance"`
		Circuit   any    `json:"circuit"`
		Retries   any    `json:"retries"` // of the last 10 s
		Hedging   any    `json:"hedging"` // null where it is off
		Endpoints any    `json:"endpoints"`
	}
	list := []page{}
	for _, r := range d.ups.sorted() {
		if name := q.Get("upstream"); name == "" || name == r.name {
			list = append(list, page{r.name, r.cfg.Load().Protocol, discoveryState(r), subsetState(r), r.cluster.Drops(), r.cluster.Focus(), circuitOf(r), r.cluster.Retries(), hedging(r), rows(r.cluster.Rows())})
		}
	}
	return writeJSON(w, list)
}

// subsetState is what the subset of an upstream comes to, nil without one.
func subsetState(r *running) any {
	if s, is := r.cluster.Subset(); is {
		return s
	}
	return nil
}

// discoveryState is what is known of an upstream's discovery, for people.
func discoveryState(r *running) any {
	s := r.cluster.Discovery()
	state := struct {
		Source    string `json:"source"`
		Endpoints int    `json:"endpoints"`
		Since     string `json:"since,omitempty"`
		LastOK    string `json:"last_ok,omitempty"`
		Error     string `json:"error,omitempty"`
		Held      string `json:"held,omitempty"`
		Empty     string `json:"empty,omitempty"` // why there is none
	}{Source: s.Source, Endpoints: len(s.Endpoints), Held: s.Held, Empty: s.Nothing()}
	state.Since, state.LastOK = stamp(s.Since), stamp(s.LastOK)
	if s.Err != nil {
		state.Error = s.Err.Error()
	}
	return state
}

const timeFormat = "2006-01-02T15:04:05.000Z"

// configPage shows what is in force: a value that waits for a restart stands
// beside the one that the process was started with.
func (d *daemon) configPage(w io.Writer, _ url.Values) error {
	type setting struct {
		Key     string `json:"key"`
		Value   any    `json:"value"`
		Origin  string `json:"origin"`
		Waiting any    `json:"waits_for_restart,omitempty"`
	}
	started := map[string]config.Setting{}
	for _, s := range d.started.Settings() {
		if needsRestart(s.Key) {
			started[s.Key] = s
		}
	}
	list := []setting{}
	for _, s := range d.file.Load().Settings() {
		row := setting{Key: s.Key, Value: s.Plain(), Origin: s.Origin}
		if was, ok := started[s.Key]; ok && was.Value != s.Value {
			row = setting{s.Key, was.Plain(), was.Origin, s.Plain()}
		}
		list = append(list, row)
	}
	return writeJSON(w, list)
}

// needsRestart tells whether a setting is read at start only.
func needsRestart(key string) bool {
	switch {
	case strings.HasPrefix(key, "admin."), key == "process.threads", key == "process.state_dir", key == "process.initial_timeout":
		return true
	case strings.HasPrefix(key, "upstream."):
		return strings.HasSuffix(key, ".discover") || strings.HasSuffix(key, ".discover_mode")
	case strings.HasPrefix(key, "listener["):
		for _, k := range fixedKeys {
			if strings.HasSuffix(key, "."+k.name) {
				return true
			}
		}
	}
	return false
}

func (d *daemon) whyPage(w io.Writer, q url.Values) error {
	f := why.Filter{
		RequestID: q.Get("request_id"), Operation: q.Get("operation"), Reason: q.Get("reason"),
		Endpoint: q.Get("endpoint"), Outcome: why.Outcome(q.Get("outcome")),
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return admin.BadRequest("limit is not a number of entries")
		}
		f.Limit = n
	}
	list := []why.Entry{}
	for _, r := range d.ups.sorted() {
		if name := q.Get("upstream"); name == "" || name == r.name {
			list = append(list, r.ring.Entries(f)...)
		}
	}
	if q.Get("upstream") == "" {
		for _, front := range d.fronts {
			list = append(list, front.ring.Entries(f)...)
		}
	}
	return writeJSON(w, newest(list, f.Limit))
}

// newest is the latest of entries that come from several rings, the latest
// first, at most limit of them; 0 is all.
func newest(list []why.Entry, limit int) []why.Entry {
	slices.SortStableFunc(list, func(a, b why.Entry) int { return b.Time.Compare(a.Time) })
	if limit > 0 && len(list) > limit {
		list = list[:limit]
	}
	return list
}

func (d *daemon) drainPage(w io.Writer, _ url.Values) error {
	return writeJSON(w, struct {
		Draining bool `json:"draining"`
	}{d.life.draining.Load()})
}

func (d *daemon) drainPost(url.Values) (string, error) {
	d.log.Info("draining", "by", "admin", "grace", slog.DurationValue(d.file.Load().Process.Grace))
	d.life.begin()
	return "draining: no new connections are taken, and the process ends with the last exchange", nil
}
