package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"sidecar/upstream"
	"sidecar/upstream/pool"
	"sidecar/why"
)

// admin asks the admin port.
type admin struct {
	t    testing.TB
	addr string
	http *http.Client
}

func newAdmin(t testing.TB, addr string) admin {
	a := admin{t: t, addr: addr, http: &http.Client{Timeout: patience, Transport: &http.Transport{}}}
	t.Cleanup(a.http.CloseIdleConnections)
	return a
}

// get is status and body of a page; 0 if it could not be asked.
func (a admin) get(path string) (int, string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.addr+path, nil)
	if err != nil {
		return 0, err.Error()
	}
	res, err := a.http.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(body)
}

func (a admin) status(path string) int {
	code, _ := a.get(path)
	return code
}

func (a admin) decode(path string, into any) {
	a.t.Helper()
	code, body := a.get(path)
	if code != 200 {
		a.t.Errorf("%s: status %d: %s", path, code, body)
		return
	}
	if err := json.Unmarshal([]byte(body), into); err != nil {
		a.t.Errorf("%s: %v", path, err)
	}
}

// why is the record of exchanges that pass the filter, "reason=deadline" say.
func (a admin) why(filter string) (list []why.Entry) {
	a.t.Helper()
	a.decode("/why?"+filter, &list)
	return list
}

// row is an endpoint as its page tells it.
type row struct {
	upstream.Row
	Pool struct {
		pool.Stats
		ServerIdle float64 `json:"server_idle_ms"`
	} `json:"pool"`
	StaleFor float64 `json:"stale_for_ms"`
}

// rows are the endpoints of the upstream "web".
func (a admin) rows() (rows []row) {
	a.t.Helper()
	var pages []struct {
		Endpoints []row `json:"endpoints"`
	}
	a.decode("/upstreams?upstream=web", &pages)
	for _, p := range pages {
		rows = append(rows, p.Endpoints...)
	}
	return rows
}

// row is the endpoint of that address.
func (a admin) row(address string) (row, bool) {
	a.t.Helper()
	for _, r := range a.rows() {
		if r.Address == address {
			return r, true
		}
	}
	return row{}, false
}

// source is one of an upstream's sources as /discovery tells it.
type source struct {
	Source, State, Error string
	Announced, Published int
	StaleFor             float64 `json:"stale_for_ms"`
	Recorded             bool    `json:"recorded"`
}

// sources are those of an upstream.
func (a admin) sources(upstream string) (all []source) {
	a.t.Helper()
	var pages []struct {
		Sources []source `json:"sources"`
	}
	a.decode("/discovery?upstream="+url.QueryEscape(upstream), &pages)
	for _, p := range pages {
		all = append(all, p.Sources...)
	}
	return all
}

// sum adds up a metric's series, those of one reason unless it is "".
func (a admin) sum(name, reason string) (total float64) {
	a.t.Helper()
	var all map[string][]struct {
		Reason string   `json:"reason"`
		Value  *float64 `json:"value"`
	}
	a.decode("/varz?filter="+url.QueryEscape(name), &all)
	for _, s := range all[name] {
		if s.Value != nil && (reason == "" || reason == s.Reason) {
			total += *s.Value
		}
	}
	return total
}

// scraped is the value of a series of /metrics whose labels include all of
// those given as `name="value"`, summed; -1 if there is none.
func (a admin) scraped(name string, labels ...string) float64 {
	a.t.Helper()
	_, body := a.get("/metrics")
	total, found := 0.0, false
	for line := range strings.Lines(body) {
		head, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if base, _, _ := strings.Cut(head, "{"); base != name || strings.HasPrefix(line, "#") {
			continue
		}
		if i := strings.LastIndex(line, "} "); i >= 0 {
			head, value = line[:i+1], strings.TrimSpace(line[i+2:])
		}
		all := true
		for _, l := range labels {
			all = all && strings.Contains(head, l)
		}
		var v float64
		if _, err := fmt.Sscan(value, &v); all && err == nil {
			total, found = total+v, true
		}
	}
	if !found {
		return -1
	}
	return total
}
