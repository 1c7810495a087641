package http

import (
	"context"

	"sidecar"
	"sidecar/varz"
)

// Filtered is a message as filters change it. The layer calls it before the
// first try, on the goroutine that owns the exchange; what is set stays to the
// exchange's end, so that every try sends the same.
type Filtered interface {
	// Edit has the fields of the request and its reply changed by e.
	Edit(e *Edits)
	// Target is the request's target with its query, as it will be sent. The
	// bytes are valid until SetTarget.
	Target() []byte
	// SetTarget sends the request to the target that begins with to and goes on
	// with rest, which may be a part of Target.
	SetTarget(to string, rest []byte)
}

// Answerer is a message that can be answered without a backend.
type Answerer interface {
	// Answer writes the reply to the client; it ends the exchange, whose Do
	// returns what it returns. fields are whole lines, each with its CRLF, none
	// of which frames the message. It is called at most once, and only while
	// nothing was replied.
	Answer(x *sidecar.Exchange, status int, fields string, body []byte) error
}

// reply is what the sidecar answers with by itself.
type reply struct {
	status int
	fields string // whole lines, each with its CRLF; none that frames the message
	body   []byte
}

// FilterStats count what filters did besides changing fields.
type FilterStats struct{ redirects, replies, splits *varz.Counter }

// NewFilterStats takes a listener's counts from the registry.
func NewFilterStats(r *varz.Registry, listener string) *FilterStats {
	of := func(action string) *varz.Counter {
		return r.Counter(varz.Filtered, varz.Source{Listener: listener, Reason: action})
	}
	return &FilterStats{redirects: of("redirect"), replies: of("reply"), splits: of("split")}
}

// Layer puts the filters before next. It stands between the route, which said
// that these are the request's filters, and the upstream or what caches for it.
func (fs *Filters) Layer(stats *FilterStats) sidecar.Layer {
	return func(next sidecar.Service) sidecar.Service {
		return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
			return fs.do(ctx, x, next, stats)
		})
	}
}

// do runs once an exchange. It allocates nothing but the place that a redirect
// names.
func (fs *Filters) do(ctx context.Context, x *sidecar.Exchange, next sidecar.Service, stats *FilterStats) error {
	m, ok := x.Msg.(Filtered)
	if !ok {
		return noHTTP()
	}
	m.Edit(&fs.edits)
	for i := range fs.steps {
		s := &fs.steps[i]
		switch {
		case s.rewrite != nil:
			if rest, ok := cutPrefix(m.Target(), s.rewrite.Prefix); ok {
				m.SetTarget(s.rewrite.To, rest)
			}
		case s.redirect != nil:
			if place := s.redirect.place(x.Msg, m.Target()); place != nil {
				stats.redirects.Inc()
				return answer(x, s.redirect.Status, "Location: "+string(place)+"\r\n", nil)
			}
		case s.reply != nil:
			stats.replies.Inc()
			return answer(x, s.reply.status, s.reply.fields, s.reply.body)
		case s.split != nil:
			if s.split.takes(x.Msg) {
				stats.splits.Inc()
				x.Dest, next = s.split.upstream, s.split.service
			}
		}
	}
	return next.Do(ctx, x)
}

func answer(x *sidecar.Exchange, status int, fields string, body []byte) error {
	if a, ok := x.Msg.(Answerer); ok {
		return a.Answer(x, status, fields, body)
	}
	return noHTTP()
}

// noHTTP is the fault of a message that is none of HTTP, to which the
// configuration lets no filter and no cache come.
func noHTTP() error {
	return &sidecar.Fault{Stage: sidecar.StageRoute, Flags: sidecar.Unsent | sidecar.Rejected, Reason: sidecar.Internal}
}

// takes tells whether the request is of those that are switched. A larger
// percentage takes the same ones and others.
func (s *split) takes(m sidecar.Message) bool {
	who, ok := m.Attr(s.by)
	return ok && len(who) > 0 && hash(s.salt, who)%shareScale < s.below
}

// place is where the request with that target is sent instead, nil if it is not.
func (r *Redirect) place(m sidecar.Message, target []byte) []byte {
	if len(target) == 0 || target[0] != '/' { // "OPTIONS *" asks about no place
		return nil
	}
	path := target
	if r.Prefix != "" {
		rest, ok := cutPrefix(target, r.Prefix)
		if !ok {
			return nil
		}
		path = AppendPath(nil, r.To, rest)
	}
	path = oneSlash(path)
	if !r.HTTPS && r.Host == "" {
		return path // of the scheme that the client came by, which may have ended before this host
	}
	host := []byte(r.Host)
	if r.Host == "" {
		own, _ := m.Attr(sidecar.Selector{Attr: AttrHost})
		host = bareHost(own) // its port speaks no TLS
	}
	if len(host) == 0 {
		return nil
	}
	scheme := "http://"
	if r.HTTPS {
		scheme = "https://"
	}
	return append(append([]byte(scheme), host...), path...)
}
