package config

import (
	"slices"
	"strings"
)

// maxFallbackBody is how long a fallback's text may be, in bytes: each use of
// it writes it whole.
const maxFallbackBody = 64 << 10

const plainText = "text/plain; charset=utf-8"

// circuit reads when all requests of an upstream are refused for a while.
func circuit(t *table) Circuit {
	defer t.done()
	return Circuit{
		Mode:        t.choose("mode", ModeOff, modes()),
		Window:      t.span("window", "10s", ""),
		MinRequests: t.count("min_requests", 20, 1, maxLoad),
		ErrorRate:   t.rate("error_rate", 0.5),
		Sleep:       t.span("sleep", "5s", ""),
		Force:       t.choose("force", ForceAuto, choice{names: []string{ForceAuto, ForceOpen, ForceClosed}}),
	}
}

// rate is a number over 0, up to 1.
func (t *table) rate(name string, def float64) float64 {
	n := t.number(name, def, 1)
	if n == 0 && !t.bad[name] {
		t.at(name).fail("expected a number over 0, up to 1, got 0: with 0 it would open although nothing fails")
	}
	return n
}

// fallback reads what answers in an upstream's place. Which of its ways is
// taken is told by the one key that is set.
func fallback(t *table, protocol string) Fallback {
	defer t.done()
	known := FallbackReasons()
	ways := "status (with body), or upstream"
	f := Fallback{On: t.texts("on", known, len(known), choice{names: known}.check), ContentType: plainText}
	if protocol == ProtocolHTTP {
		f.Status = t.count("status", 0, 0, 599)
		f.ContentType = t.text("content_type", plainText, checkContentType)
		f.Body = t.text("body", "", checkBody)
	} else {
		t.unfit(protocol, "status", "content_type", "body")
		ways = "upstream"
	}
	f.Upstream = t.text("upstream", "", nil)
	if f.Status > 0 && f.Status < 200 && !t.bad["status"] {
		t.at("status").fail("expected a status from 200 to 599, or 0 for none, got %d: replies below 200 are not final", f.Status)
	}
	t.cross(f.Status == 0 || f.Upstream == "", "status", "upstream",
		"a fallback has one way to answer: status is set, and upstream too; leave one out")
	if f.Body != "" && !t.bad["body"] && !t.bad["status"] {
		switch f.Status {
		case 0:
			t.at("body").fail("a body goes with a status: set status, such as 200 or 503")
		case 204, 304:
			t.at("body").fail("a reply with status %d has no body: leave it out, or set another status", f.Status)
		}
	}
	if f.Status == 0 && f.Upstream == "" && !t.bad["on"] && !slices.Equal(f.On, known) {
		t.at("on").fail("nothing to fall back on: set %s", ways)
	}
	if f.Status == 0 && f.ContentType != plainText && !t.bad["content_type"] {
		t.at("content_type").fail("there is no answer of this type: set status and body")
	}
	return f
}

// FallbackReasons are what a fallback can be there for: every failure that is
// not the client's own, under the reason that is told to clients. "5xx" are the
// failing replies of endpoints.
func FallbackReasons() []string {
	return []string{
		"breaker_open", "bulkhead_full", "no_endpoints", "connect_refused", "connect_timeout", "connect_failed",
		"pool_exhausted", "attempt_timeout", "deadline", "stalled", "peer_closed", "peer_reset", "bad_reply", "5xx",
	}
}

func checkContentType(s string) error {
	if err := checkFieldValue(s); err != nil {
		return err
	}
	if s != "" && !strings.Contains(s, "/") {
		return complain(`expected a media type such as "application/json", got %s`, shown(s))
	}
	return nil
}

func checkBody(s string) error {
	if len(s) > maxFallbackBody {
		return complain("expected at most %d bytes, got %d: it is written whole with each use", maxFallbackBody, len(s))
	}
	return nil
}

// fallbacksLead looks where fallbacks lead: to an upstream that is there, and
// not in a circle. An upstream that fails under its own load would else get
// that of the other, and the other its in turn, and none would recover.
func fallbacksLead(r *reader, f *File, refer func(name, key string)) {
	to := map[string]string{}
	for _, u := range f.Upstreams {
		refer(u.Fallback.Upstream, u.Key+".fallback.upstream")
		to[u.Name] = u.Fallback.Upstream
	}
	for _, u := range f.Upstreams {
		way := []string{u.Name}
		for at := to[u.Name]; at != ""; at = to[at] {
			if at == u.Name {
				key := u.Key + ".fallback.upstream"
				r.problem(r.lineOf(key), key, "fallbacks go round: %s: let one of them fall back on a static answer, or on nothing", strings.Join(append(way, at), " -> "))
				break
			}
			if slices.Contains(way, at) {
				break // the circle begins further on, and is told there
			}
			way = append(way, at)
		}
	}
}
