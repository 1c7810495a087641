package main

import (
	"fmt"
	"strings"
	"time"

	"sidecar/upstream"
	"sidecar/varz"
	"sidecar/why"
)

// scene is what one table shows.
type scene struct {
	sight
	counts
	now      string // what is going on
	log      string // the sidecar's last words
	rate     float64
	backends []label
	flapper  upstream.Row
	dead     bool // the flapping backend is down
}

// label is what a backend is called.
type label struct {
	number        int
	note, address string
}

// counts are what the clients saw.
type counts struct {
	requests, posts, errors, cut, opened int64
	last                                 string // error
}

func (t *traffic) counts() counts {
	return counts{t.requests.Load(), t.posts.Load(), t.errors.Load(), t.cut.Load(), t.opened.Load(), t.lastError()}
}

func (d *demo) scene(now time.Time, s sight) scene {
	c := scene{sight: s, counts: d.traffic.counts(), log: d.sidecar.log.last(), dead: d.flap.phase == dead}
	c.flapper = s.row(d.flap.backend.address)
	c.now = d.flap.now(now, c.flapper.Why)
	c.rate = float64(c.requests-d.last.requests) / d.p.Every.Seconds()
	for _, b := range d.backends {
		c.backends = append(c.backends, label{b.number, b.note, b.address})
	}
	return c
}

// heading says what runs where.
func (d *demo) heading() []string {
	front, port := "http://"+d.sidecar.listener+"/", "http://"+d.sidecar.admin+"/"
	list := []string{
		fmt.Sprintf("%s with other addresses, %d backends, %d clients; Ctrl-C ends it", d.p.Path, len(d.backends), clients),
		"",
		"  curl " + front + "             the service, by the sidecar",
		"       " + port + "             its admin page, for a browser",
		"  curl " + port + "upstreams    each endpoint: state, why, load",
		"  curl " + port + "why          what was retried or failed, every try",
	}
	for _, note := range d.sidecar.notes {
		list = append(list, "  "+note)
	}
	return append(list, "")
}

// lines is the table.
func (c scene) lines() []string {
	m := c.metrics
	total, ok := m.count(varz.DispatchMessages), m.count(varz.SuccessMessages)
	failed := m.count(varz.ExceptionMessages)
	latency := m.of(varz.RequestLatency)
	list := []string{
		fmt.Sprintf("clients  %8d requests  %4.0f/s  %s", c.requests, c.rate, c.wrong()),
		fmt.Sprintf("sidecar  %8d requests  %s success  p50 %s  p99 %s", total, percent(ok, ok+failed), seconds(latency.P50), seconds(latency.P99)),
		fmt.Sprintf("         aperture %d of %d  %s", m.count(varz.ApertureActive), len(c.rows), c.events()),
		"",
		fmt.Sprintf("%-18s%-9s%-7s%-9s%7s %5s %8s %8s", "backend", "", "state", "aperture", "pending", "conns", "requests", "failures"),
	}
	for _, b := range c.backends {
		r := c.row(b.address)
		inside := "out"
		if r.InAperture {
			inside = "in"
		}
		list = append(list, fmt.Sprintf("%d %-16s%-9s%-7s%-9s%7d %5d %8d %8d",
			b.number, b.address, b.note, r.State, inside, r.Pending, r.Pool.Size, r.Requests, r.Failures))
		if r.Why != "" { // on a line of its own, or it were cut on most terminals
			list = append(list, "    "+r.Why)
		}
	}
	list = append(list, "", "now: "+c.now)
	if c.latest != nil {
		list = append(list, "why: "+c.story(c.latest))
	}
	if c.last != "" {
		list = append(list, "last client error: "+c.last)
	}
	return append(list, "log: "+c.log)
}

// wrong tells the clients' errors, and which of them had to be.
func (c counts) wrong() string {
	if c.cut == 0 {
		return fmt.Sprintf("%d client errors", c.errors)
	}
	return fmt.Sprintf("%d client errors (%d POSTs that a death cut in half)", c.errors, c.cut)
}

// events counts what happened.
func (s sight) events() string {
	m := s.metrics
	return fmt.Sprintf("ejections %d  readmissions %d  retries %d  requeues %d",
		m.count(varz.Ejections), m.count(varz.Readmissions), m.count(varz.Retries), m.count(varz.Requeues))
}

// story tells an exchange of /why in a line.
func (c scene) story(e *why.Entry) string {
	tries := make([]string, 0, len(e.Tries))
	for _, t := range e.Tries {
		end := t.Reason
		if end == "" {
			end = t.Class
		}
		tries = append(tries, c.name(t.Endpoint)+" "+end)
	}
	return fmt.Sprintf("%s %s, %.0f ms: %s", e.Request, e.Outcome, e.Duration, strings.Join(tries, ", then "))
}

// name is what the backend at address is called.
func (c scene) name(address string) string {
	for _, b := range c.backends {
		if b.address == address {
			return fmt.Sprintf("backend %d", b.number)
		}
	}
	return address
}

// summary is what is told at the end.
func (c scene) summary(end error) []string {
	word := "drained and ended cleanly"
	if end != nil {
		word = "did not end cleanly"
	}
	list := []string{
		"",
		fmt.Sprintf("%d requests (%d of them POSTs) by %d clients, %s.", c.requests, c.posts, clients, c.wrong()),
		c.events(),
		"The sidecar " + word + ".",
	}
	if c.last != "" {
		list = append(list, "The last client error: "+c.last)
	}
	return list
}

// percent is part of whole, cut and not rounded: 100 means all.
func percent(part, whole int64) string {
	if whole == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f %%", float64(part*10000/whole)/100)
}

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(time.Millisecond).String()
}
