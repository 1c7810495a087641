package daemon

import (
	"io"
	"net/url"
	"time"

	"sidecar/discovery"
)

// sourceRow is one source as /discovery tells it.
type sourceRow struct {
	Source    string  `json:"source"`
	State     string  `json:"state"` // waiting, ok, failing, recorded
	LastOK    string  `json:"last_ok,omitempty"`
	Error     string  `json:"error,omitempty"`
	ErrorFor  float64 `json:"error_for_ms,omitempty"`
	StaleFor  float64 `json:"stale_for_ms,omitempty"`
	Recorded  bool    `json:"recorded,omitempty"` // announced is what a former process knew
	Announced int     `json:"announced"`          // by its last good answer
	Published int     `json:"published"`
	Empty     string  `json:"empty,omitempty"` // why it announces none
	Drops     any     `json:"drops,omitempty"` // shares of the requests that it wants refused
	HeldFor   float64 `json:"held_for_ms,omitempty"`
	HeldUntil string  `json:"held_until,omitempty"`
}

// discoveryPage tells of each upstream's sources.
func (d *daemon) discoveryPage(w io.Writer, q url.Values) error {
	type page struct {
		Upstream  string      `json:"upstream"`
		Mode      string      `json:"mode"`
		Endpoints int         `json:"endpoints"`
		Since     string      `json:"since,omitempty"`
		Held      string      `json:"held,omitempty"`
		Subset    any         `json:"subset,omitempty"` // what is used of the endpoints
		Sources   []sourceRow `json:"sources"`
	}
	list := []page{}
	for _, r := range d.ups.sorted() {
		if name := q.Get("upstream"); name != "" && name != r.name {
			continue
		}
		s := r.cluster.Discovery()
		p := page{Upstream: r.name, Mode: "merge", Endpoints: len(s.Endpoints), Since: stamp(s.Since), Held: s.Held, Subset: subsetState(r)}
		if r.cfg.Load().Prefer {
			p.Mode = "prefer"
		}
		for _, o := range s.Sources {
			p.Sources = append(p.Sources, sourceRowOf(o))
		}
		list = append(list, p)
	}
	return writeJSON(w, list)
}

func sourceRowOf(o discovery.SourceState) sourceRow {
	r := sourceRow{
		Source: o.Name, State: "ok", LastOK: stamp(o.LastOK), ErrorFor: since(o.ErrSince), StaleFor: since(o.Stale), Recorded: o.FromDisk,
		Announced: o.Raw, Published: o.Published, Empty: o.Empty, HeldFor: since(o.HeldSince), HeldUntil: stamp(o.HeldUntil),
	}
	if len(o.Drops) > 0 {
		r.Drops = o.Drops
	}
	switch {
	case o.Err != nil:
		r.State, r.Error = "failing", o.Err.Error()
	case o.FromDisk:
		r.State = "recorded"
	case o.LastOK.IsZero():
		r.State = "waiting"
	}
	return r
}

// stamp is t as pages show it, "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(timeFormat)
}

// since is how long ago t was in milliseconds, 0 for none.
func since(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return ms(time.Since(t))
}
