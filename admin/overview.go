package admin

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"
	"time"
)

// maxRows is how many endpoints the page shows; a browser on a phone has to
// lay them out. /upstreams has all.
const maxRows = 500

// refresh is how often the page asks again, in seconds.
const refresh = 5

//go:embed overview.html
var pageText string

// Overview is what the page at / shows. Rows are shown in their order.
type Overview struct {
	Endpoints []Endpoint
	Listeners []Listener
	// Notes are sentences that everyone who looks should see, such as "draining".
	Notes []string
	// Facts are sentences about what is as it should be.
	Facts []string
}

// Endpoint is one row of the page. State is "open", "busy",
// "closed" or "leaving".
type Endpoint struct {
	Upstream, Address  string
	Role               string // "master" or "replica" where that is known, else ""
	State, Why         string // Why is "" for open, unless it fails and is kept
	Pending            int64
	Connections        int64
	InAperture         bool
	Requests, Failures uint64
	P50, P99, Age      time.Duration
	Source             string // where discovery has it from
}

// Colour is the class of the row's state in the page, "" for a state that it
// does not know. What is open and has a why is not well.
func (e Endpoint) Colour() string {
	switch e.State {
	case "open":
		if e.Why != "" {
			return "suspect"
		}
		return "open"
	case "busy", "closed", "leaving":
		return e.State
	}
	return ""
}

// Listener is one row of the page.
type Listener struct {
	Name, Protocol, Address, Upstream string
	State                             string // "" or what is wrong
	Connections, Parked               int64
	Requests, Failures                uint64
}

// view is what the template is given.
type view struct {
	Overview
	Title, Version, Uptime, NotReady string
	More, Refresh                    int
	Links                            []link
}

type link struct{ Path, Help string }

// parsePage is the template, and the policy under which nothing but its own
// style sheet takes effect in the browser: no script, image or frame.
func parsePage() (*template.Template, string) {
	t := template.Must(template.New("overview").Funcs(template.FuncMap{"short": short}).Parse(pageText))
	_, rest, _ := strings.Cut(pageText, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	return t, "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}

// overview serves the page. It reloads itself without a script; ?refresh=off
// holds it still.
func (a *Admin) overview(w http.ResponseWriter, r *http.Request) {
	v := view{Title: a.p.Title, Version: a.p.Version, Refresh: refresh}
	v.Uptime = time.Duration(a.p.Now()).Truncate(time.Second).String()
	if r.URL.Query().Get("refresh") == "off" {
		v.Refresh = 0
	}
	if a.p.Overview != nil {
		v.Overview = a.p.Overview()
	}
	if a.p.Ready != nil {
		if ok, why := a.p.Ready(); !ok {
			v.NotReady = why
		}
	}
	if n := len(v.Endpoints); n > maxRows {
		v.Endpoints, v.More = v.Endpoints[:maxRows], n-maxRows
	}
	for _, r := range a.sorted() {
		// A path with a name in it leads nowhere as it stands.
		if r.get != nil && r.path != "/" && !strings.Contains(r.path, "{") {
			v.Links = append(v.Links, link{r.path, r.help})
		}
	}
	var b bytes.Buffer
	if err := a.page.Execute(&b, v); err != nil {
		fail(w, HTML, err)
		return
	}
	w.Header().Set("Content-Type", htmlType)
	w.Write(b.Bytes())
}

// short is a duration with three figures, for a narrow column.
func short(d time.Duration) string {
	if d == 0 {
		return "–"
	}
	for unit := time.Duration(1); unit <= time.Second; unit *= 10 {
		if d < unit*1000 {
			return d.Round(unit).String()
		}
	}
	return d.Round(time.Second).String()
}
