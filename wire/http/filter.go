package http

import (
	"errors"
	"fmt"
	"strings"

	"sidecar"
)

const (
	maxFilters    = 64       // of one route with those of its listener
	maxFixedBody  = 64 << 10 // bytes of a fixed reply
	maxPathChange = 1 << 10  // bytes of what takes a path prefix's place
	shareScale    = 1 << 53  // shares are compared as whole numbers of this many parts
	fullPercent   = 100.0
)

// Filter is one step on the way of a route's requests. Exactly one of its
// actions is set.
type Filter struct {
	SetRequest, AddRequest []Field  // of the request as it goes to the backend
	RemoveRequest          []string //
	SetReply, AddReply     []Field  // of the reply as it goes to the client
	RemoveReply            []string //
	Rewrite                *Rewrite
	Redirect               *Redirect
	Reply                  *FixedReply
	Split                  *Split
}

// Rewrite puts To in the place of a path's prefix. Prefix matches whole segments
// and byte by byte, as a route's does.
type Rewrite struct{ Prefix, To string }

// Redirect answers with another place for the same request: the scheme, the
// host or a prefix of the path differ, at least one of them. With a Prefix,
// what does not begin with it goes on.
type Redirect struct {
	Status     int // 301, 302, 303, 307 or 308
	HTTPS      bool
	Host       string // "" keeps the request's
	Prefix, To string
}

// FixedReply answers every request alike.
type FixedReply struct {
	Status int // 200 to 599
	Type   string
	Body   string
}

// Split sends a share of the requests to another upstream. Who asks again goes
// there again: Sticky says by what a request belongs to somebody, as Select
// names parts of a request. A request without that part is not switched.
type Split struct {
	Percent  float64
	Upstream string
	Sticky   string
}

// Filters are the compiled filters of one route. They never change; many
// exchanges go through them at once.
type Filters struct {
	edits Edits
	steps []step
}

// step is one of what is left of filters besides the edits of fields; exactly
// one of its parts is set.
type step struct {
	rewrite  *Rewrite
	redirect *Redirect
	reply    *reply
	split    *split
}

type split struct {
	upstream string
	service  sidecar.Service
	by       sidecar.Selector
	salt     uint64
	below    uint64 // of shareScale
}

// Compile checks filters and makes them ready; service finds an upstream by its
// name, nil if there is none. No filters give nil. The error tells all that is
// wrong, each by the number of its filter from 1.
func Compile(filters []Filter, service func(name string) sidecar.Service) (*Filters, error) {
	if len(filters) == 0 {
		return nil, nil //nolint:nilnil // no filters are nothing to go through
	}
	if len(filters) > maxFilters {
		return nil, fmt.Errorf("%d filters, those of the listener included, more than the limit of %d", len(filters), maxFilters)
	}
	var wrong []error
	fs := &Filters{}
	var requests, replies change
	final := 0
	for i, f := range filters {
		err := f.check()
		if final > 0 {
			err = errors.Join(err, fmt.Errorf("is never reached: filter %d answers every request", final))
		}
		if err == nil {
			requests.take(f.SetRequest, f.AddRequest, f.RemoveRequest)
			replies.take(f.SetReply, f.AddReply, f.RemoveReply)
			err = fs.step(f, service)
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("filter %d: %w", i+1, err))
		}
		if final == 0 && f.answers() {
			final = i + 1
		}
	}
	var err error
	if fs.edits.Request, err = requests.compiled(); err != nil {
		wrong = append(wrong, fmt.Errorf("filters: requests: %w", err))
	}
	if fs.edits.Reply, err = replies.compiled(); err != nil {
		wrong = append(wrong, fmt.Errorf("filters: replies: %w", err))
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	return fs, nil
}

// answers tells whether no request comes past the filter.
func (f *Filter) answers() bool {
	return f.Reply != nil || f.Redirect != nil && f.Redirect.Prefix == ""
}

func (c *change) take(set, add []Field, remove []string) {
	for _, f := range set {
		c.set(f)
	}
	for _, f := range add {
		c.add(f)
	}
	for _, name := range remove {
		c.remove(name)
	}
}

// step takes the filter's action if it is none on fields.
func (fs *Filters) step(f Filter, service func(string) sidecar.Service) error {
	switch {
	case f.Rewrite != nil:
		fs.steps = append(fs.steps, step{rewrite: f.Rewrite})
	case f.Redirect != nil:
		fs.steps = append(fs.steps, step{redirect: f.Redirect})
	case f.Reply != nil:
		r := &reply{status: f.Reply.Status, body: []byte(f.Reply.Body)}
		if f.Reply.Type != "" {
			r.fields = "Content-Type: " + f.Reply.Type + "\r\n"
		}
		fs.steps = append(fs.steps, step{reply: r})
	case f.Split != nil:
		by, _ := Select(f.Split.Sticky)
		s := &split{
			upstream: f.Split.Upstream, service: service(f.Split.Upstream), by: by,
			salt: hash(0, []byte(f.Split.Upstream)), below: uint64(f.Split.Percent / fullPercent * shareScale),
		}
		if s.service == nil {
			return fmt.Errorf("split: no upstream is named %q", f.Split.Upstream)
		}
		fs.steps = append(fs.steps, step{split: s})
	}
	return nil
}

// check says what is wrong with the filter as written.
func (f *Filter) check() error {
	n := 0
	for _, given := range []bool{
		f.SetRequest != nil, f.AddRequest != nil, f.RemoveRequest != nil, f.SetReply != nil, f.AddReply != nil, f.RemoveReply != nil,
		f.Rewrite != nil, f.Redirect != nil, f.Reply != nil, f.Split != nil,
	} {
		if given {
			n++
		}
	}
	if n != 1 {
		return fmt.Errorf("has %d actions, a filter has exactly one", n)
	}
	wrong := []error{checkFields(f.SetRequest), checkFields(f.AddRequest), checkFields(f.SetReply), checkFields(f.AddReply)}
	for _, names := range [][]string{f.RemoveRequest, f.RemoveReply} {
		for _, name := range names {
			wrong = append(wrong, checkField(name))
		}
	}
	wrong = append(wrong, f.Rewrite.check(), f.Redirect.check(), f.Reply.check(), f.Split.check())
	return errors.Join(wrong...)
}

func (r *Rewrite) check() error {
	if r == nil {
		return nil
	}
	return checkPrefixChange("rewrite", r.Prefix, r.To)
}

func checkPrefixChange(what, prefix, to string) error {
	for _, p := range []string{prefix, to} {
		if p == "" || p[0] != '/' || !IsTarget([]byte(p)) || strings.Contains(p, "?") || len(p) > maxPathChange {
			return fmt.Errorf("%s: prefix and to are paths that begin with \"/\", have no query and at most %d bytes, got %q", what, maxPathChange, p)
		}
	}
	if prefix == to {
		return fmt.Errorf("%s: prefix and to are the same, %q", what, prefix)
	}
	return nil
}

func (r *Redirect) check() error {
	if r == nil {
		return nil
	}
	var wrong []error
	switch r.Status {
	case 301, 302, 303, 307, 308:
	default:
		wrong = append(wrong, fmt.Errorf("redirect: status is 301, 302, 303, 307 or 308, got %d", r.Status))
	}
	if !IsHost([]byte(r.Host)) {
		wrong = append(wrong, fmt.Errorf("redirect: host is a host with or without port, got %q", r.Host))
	}
	switch {
	case r.Prefix != "" || r.To != "":
		wrong = append(wrong, checkPrefixChange("redirect", r.Prefix, r.To))
		if _, again := cutPrefix([]byte(r.To), r.Prefix); again && !r.HTTPS && r.Host == "" {
			wrong = append(wrong, fmt.Errorf("redirect: leads back to itself: %q begins with %q", r.To, r.Prefix))
		}
	case !r.HTTPS && r.Host == "":
		wrong = append(wrong, errors.New("redirect: leads back to itself; set https, host, or prefix and to"))
	}
	return errors.Join(wrong...)
}

func (r *FixedReply) check() error {
	switch {
	case r == nil:
		return nil
	case r.Status < 200 || r.Status > 599:
		return fmt.Errorf("reply: status is 200 to 599, got %d", r.Status)
	case len(r.Body) > maxFixedBody:
		return fmt.Errorf("reply: body has %d bytes, more than the limit of %d", len(r.Body), maxFixedBody)
	case r.Body != "" && !hasBody(r.Status):
		return fmt.Errorf("reply: a reply of status %d has no body", r.Status)
	}
	return checkFields([]Field{{"Content-Type", r.Type}})
}

// hasBody tells whether a final reply of that status may have a body.
func hasBody(status int) bool { return status != 204 && status != 304 }

func (s *Split) check() error {
	if s == nil {
		return nil
	}
	var wrong []error
	if !(s.Percent >= 0 && s.Percent <= fullPercent) {
		wrong = append(wrong, fmt.Errorf("split: percent is 0 to 100, got %v", s.Percent))
	}
	if _, ok := Select(s.Sticky); !ok {
		wrong = append(wrong, fmt.Errorf(`split: sticky is "header:NAME", "cookie:NAME", "client" or "request_id", got %q`, s.Sticky))
	}
	return errors.Join(wrong...)
}
