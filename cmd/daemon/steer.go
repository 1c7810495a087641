package daemon

import (
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sidecar"
	"sidecar/admin"
	"sidecar/upstream/limit"
)

// steering are the pages that steer traffic by hand. What they change is gone
// with the process.
func (d *daemon) steering() []admin.Page {
	return []admin.Page{
		{Path: "/upstreams/{upstream}/circuit", Help: "GET: its state; POST ?state=open|closed|auto: force it", Get: d.circuitPage, Post: d.circuitPost, Steers: true},
		{Path: "/upstreams/{upstream}/reset", Help: "all endpoints into use, the circuit closed, nothing forced", Post: d.resetPost, Steers: true},
		{Path: "/upstreams/{upstream}/endpoints/{endpoint...}", Help: "?state=ejected|auto: take one out of use, or into use again", Post: d.endpointPost, Steers: true},
	}
}

// named is the upstream that a path names.
func (d *daemon) named(q url.Values) (*running, error) {
	name := q.Get("upstream")
	if r := d.ups.get(name); r != nil {
		return r, nil
	}
	var names []string
	for _, r := range d.ups.sorted() {
		names = append(names, r.name)
	}
	return nil, admin.BadRequest("there is no upstream " + strconv.Quote(name) + "; there are: " + strings.Join(names, ", "))
}

func (d *daemon) circuitPage(w io.Writer, q url.Values) error {
	r, err := d.named(q)
	if err != nil {
		return err
	}
	return writeJSON(w, circuitOf(r))
}

func (d *daemon) circuitPost(q url.Values) (string, error) {
	r, err := d.named(q)
	if err != nil {
		return "", err
	}
	force, ok := limit.ParseForce(q.Get("state"))
	if !ok {
		return "", admin.BadRequest("state is one of open, closed, auto, got " + strconv.Quote(q.Get("state")))
	}
	r.cluster.Circuit().Force(force)
	d.log.Warn("circuit forced", "upstream", r.name, "state", force.String(), "by", "admin")
	switch force {
	case limit.ForceOpen:
		return "the circuit of " + r.name + " is forced open: every request is refused, until it is set to auto or the process ends", nil
	case limit.ForceClosed:
		return "the circuit of " + r.name + " is forced closed: it refuses no request, until it is set to auto or the process ends", nil
	}
	return "the circuit of " + r.name + " goes by what it counts; its mode is " + r.cfg.Load().Circuit.Mode, nil
}

func (d *daemon) resetPost(q url.Values) (string, error) {
	r, err := d.named(q)
	if err != nil {
		return "", err
	}
	n := r.cluster.Reset()
	d.log.Warn("upstream reset", "upstream", r.name, "readmitted", n, "by", "admin")
	return r.name + ": " + strconv.Itoa(n) + " endpoints readmitted, the circuit closed, nothing forced but what is configured", nil
}

func (d *daemon) endpointPost(q url.Values) (string, error) {
	r, err := d.named(q)
	if err != nil {
		return "", err
	}
	address := q.Get("endpoint")
	var done string
	switch state := q.Get("state"); state {
	case "ejected":
		err, done = r.cluster.Eject(address), "out of use until it is set to auto, leaves the list or the process ends"
	case "auto":
		err, done = r.cluster.Readmit(address), "in use, and judged by what it does"
	default:
		return "", admin.BadRequest("state is one of ejected, auto, got " + strconv.Quote(state))
	}
	if err != nil {
		return "", admin.BadRequest(err.Error())
	}
	d.log.Warn("endpoint set by hand", "upstream", r.name, "endpoint", address, "state", q.Get("state"), "by", "admin")
	return r.name + ": " + address + " is " + done, nil
}

// circuitRow is a circuit as pages tell it: times in milliseconds.
type circuitRow struct {
	Mode     string  `json:"mode"`
	State    string  `json:"state"` // closed, open, half_open
	Forced   string  `json:"forced,omitempty"`
	ByHand   bool    `json:"by_hand,omitempty"` // forced by the admin port, and not in the configuration
	Since    float64 `json:"since_ms"`
	Until    float64 `json:"until_ms,omitempty"` // so long from now
	Opened   int     `json:"opened"`
	Requests uint64  `json:"window_requests"`
	Failed   uint64  `json:"window_failed"`
}

func circuitOf(r *running) circuitRow {
	s, now := r.cluster.Circuit().Snapshot(), sidecar.Now()
	row := circuitRow{
		Mode: s.Mode.String(), State: s.State.String(), Since: ms(time.Duration(now - s.Since)),
		Opened: s.Opened, Requests: s.Requests, Failed: s.Failed,
	}
	if s.Forced != limit.Auto {
		row.Forced, row.ByHand = s.Forced.String(), s.ByHand
	}
	if s.Until != 0 {
		row.Until = ms(time.Duration(max(0, s.Until-now)))
	}
	return row
}

// circuitNote is what the overview says of a circuit, "" while there is nothing
// to say.
func circuitNote(r *running) string {
	c := circuitOf(r)
	switch {
	case c.Forced == "open":
		return "the circuit is forced open: every request is refused"
	case c.Forced == "closed":
		return "the circuit is forced closed: it refuses nothing"
	case c.Mode == "on" && c.State != "closed":
		return "the circuit is " + c.State + ": requests are refused"
	case c.Mode == "dark" && c.State != "closed":
		return "the circuit would be " + c.State + ", were its mode on"
	}
	return ""
}
