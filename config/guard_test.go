package config

import "testing"

// guardFiles are circuits, bulkheads and fallbacks that cannot be meant.
func guardFiles() []invalidFile {
	const three = `[[listener]]
name = "l"
address = ":80"
upstream = "a"
[upstream.a]
discover = "tcp://a:1"
fallback.upstream = "b"
[upstream.b]
discover = "tcp://a:1"
fallback.upstream = "c"
[upstream.c]
discover = "tcp://a:1"
`
	return []invalidFile{
		{"circuit of no mode", "\n[upstream.u.circuit]\nmode = \"yes\"\nforce = \"shut\"", `
			8: upstream.u.circuit.mode: expected one of "off", "dark", "on", got "yes"
			9: upstream.u.circuit.force: expected one of "auto", "open", "closed", got "shut"`},
		{"circuit that opens at nothing", "\ncircuit = { error_rate = 0, sleep = \"0s\", min_requests = 0 }", `
			7: upstream.u.circuit.min_requests: expected a whole number from 1 to 1000000, got 0
			7: upstream.u.circuit.error_rate: expected a number over 0, up to 1, got 0: with 0 it would open although nothing fails
			7: upstream.u.circuit.sleep: expected more than "0s"`},
		{"fallback for the client's own errors", "\nfallback = { status = 200, on = [\"bad_request\", \"5xx\"] }",
			`7: upstream.u.fallback.on[0]: expected one of "breaker_open", "bulkhead_full", "no_endpoints", "connect_refused", "connect_timeout", "connect_failed", "pool_exhausted", "attempt_timeout", "deadline", "stalled", "peer_closed", "peer_reset", "bad_reply", "5xx", got "bad_request"`},
		{"fallback on nothing", "\nfallback = { on = [\"5xx\"], body = \"sorry\", content_type = \"text/html\" }", `
			7: upstream.u.fallback.body: a body goes with a status: set status, such as 200 or 503
			7: upstream.u.fallback.on: nothing to fall back on: set status (with body), or upstream
			7: upstream.u.fallback.content_type: there is no answer of this type: set status and body`},
		{"fallback with a status that is not final", "\nfallback.status = 101", `7: upstream.u.fallback.status: expected a status from 200 to 599, or 0 for none, got 101: replies below 200 are not final`},
		{"fallback with a body that cannot be", "\nfallback = { status = 204, body = \"x\" }", `7: upstream.u.fallback.body: a reply with status 204 has no body: leave it out, or set another status`},
		{"fallback with a type that is none", "\nfallback = { status = 200, content_type = \"json\" }", `7: upstream.u.fallback.content_type: expected a media type such as "application/json", got "json"`},
		{"fallback that smuggles a field", "\nfallback = { status = 200, content_type = \"text/html\\r\\nX: y\" }", `7: upstream.u.fallback.content_type: expected a value without control characters and without space around it, got "text/html\r\nX: y"`},
		{"two fallbacks", three + "fallback = { status = 200, upstream = \"a\" }", `
			7: upstream.a.fallback.upstream: fallbacks go round: a -> b -> c -> a: let one of them fall back on a static answer, or on nothing
			10: upstream.b.fallback.upstream: fallbacks go round: b -> c -> a -> b: let one of them fall back on a static answer, or on nothing
			13: upstream.c.fallback.upstream: a fallback has one way to answer: status is set, and upstream too; leave one out
			13: upstream.c.fallback.upstream: fallbacks go round: c -> a -> b -> c: let one of them fall back on a static answer, or on nothing`},
		{"fallback on itself", "\nfallback.upstream = \"u\"", `7: upstream.u.fallback.upstream: fallbacks go round: u -> u: let one of them fall back on a static answer, or on nothing`},
		{"fallback on nobody", "\nfallback.upstream = \"uu\"", `7: upstream.u.fallback.upstream: there is no upstream "uu"; did you mean "u"?`},
	}
}

// An upstream that only a fallback leads to is in use.
func TestFallbacksUpstreamIsReferredTo(t *testing.T) {
	f, err := Parse("c.toml", []byte(small+"fallback.upstream = \"spare\"\n[upstream.spare]\ndiscover = \"tcp://a:1\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Notes) != 0 {
		t.Errorf("notes %q", f.Notes)
	}
}
