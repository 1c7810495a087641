package config

import (
	"maps"
	"slices"
	"strings"
)

const (
	maxListeners   = 256
	maxRoutes      = 10000 // of one listener
	maxHeaders     = 16    // of one match
	maxConnections = 1_000_000
	minHeaderBytes = 4 << 10
	maxHeaderBytes = 1 << 20
	maxHeldBody    = 16 << 20
)

func listeners(root *table) []Listener {
	f := root.at("listener")
	tables := root.list("listener", maxListeners)
	if len(tables) == 0 && !root.bad["listener"] {
		f.line = 1
		f.fail("missing: expected at least one [[listener]]")
	}
	all := make([]Listener, len(tables))
	for i, t := range tables {
		all[i] = listener(t)
	}
	return all
}

func listener(t *table) Listener {
	defer t.done()
	l := Listener{
		Key:      t.key,
		Name:     t.mustText("name", `a name of its own, such as "web"`, checkName),
		Protocol: t.choose("protocol", ProtocolHTTP, listenerProtocols()),
	}
	if l.Protocol == ProtocolKafka {
		return kafkaListener(t, l)
	}
	return requestListener(t, l)
}

// requestListener reads a listener of a protocol whose unit is a request.
func requestListener(t *table, l Listener) Listener {
	l = Listener{
		Key: l.Key, Name: l.Name, Protocol: l.Protocol,
		Address:        t.mustText("address", `"host:port" or "unix:/path"`, checkAddress),
		Upstream:       t.text("upstream", "", nil),
		MaxConnections: t.count("max_connections", 10000, 1, maxConnections),
		MaxInFlight:    t.count("max_in_flight", 0, 0, maxConnections),
		IdleTimeout:    t.span("idle_timeout", "300s", ""),
		HeaderTimeout:  t.span("header_timeout", "10s", ""),
	}
	web := l.Protocol != ProtocolThrift && l.Protocol != ProtocolRedis
	if web {
		l.MaxHeaderBytes = t.size("max_header_bytes", "64KiB", minHeaderBytes, maxHeaderBytes)
		l.MaxHeldBody = t.size("max_held_body", "64KiB", 0, maxHeldBody)
	}
	l.HalfClose = t.choose("half_close", HalfCloseFinish, choice{names: []string{HalfCloseFinish, HalfCloseCancel}})
	if web {
		l.TrustForwarded = t.flag("trust_forwarded", true)
	}
	l.ExposeBackends = t.flag("expose_backends", false)
	switch {
	case web:
		l.Cache = cache(t.table("cache"))
		l.Filters = filters(t)
		t.unfit(l.Protocol, "thrift", "redis", "kafka", "tls")
	case l.Protocol == ProtocolRedis:
		l.Redis = redisClients(t.table("redis"))
		t.unfit(l.Protocol, append(ofHTTP(), "thrift", "kafka", "tls")...)
	default:
		l.Thrift = thriftListener(t.table("thrift"))
		t.unfit(l.Protocol, append(ofHTTP(), "redis", "kafka", "tls")...)
	}
	for _, r := range t.list("route", maxRoutes) {
		l.Routes = append(l.Routes, route(r, l))
	}
	if l.Upstream == "" && len(l.Routes) == 0 && !t.bad["upstream"] && !t.bad["route"] {
		t.at("upstream").fail("missing: expected the name of an upstream, or a [[listener.route]]")
	}
	return l
}

// ofHTTP are the keys of a listener that are about HTTP.
func ofHTTP() []string {
	return []string{"max_header_bytes", "max_held_body", "trust_forwarded", "cache", "filter"}
}

// route reads one route of the listener, whose upstream it has unless it names
// another: what redirects or answers needs none of its own.
func route(t *table, l Listener) Route {
	defer t.done()
	r := Route{
		Key:      t.key,
		Match:    match(t, l.Protocol),
		Upstream: t.namedFrom(l.Upstream, joinKey(l.Key, "upstream")),
	}
	switch l.Protocol {
	case ProtocolRedis:
		r.Mirror = t.text("mirror", "", nil)
		t.unfit(l.Protocol, "cache", "filter")
		return r
	case ProtocolThrift:
		t.unfit(l.Protocol, "cache", "filter", "mirror")
		return r
	}
	t.unfit(l.Protocol, "mirror")
	r.Cache, r.Filters = t.flag("cache", true), filters(t)
	return r
}

// match reads a route's conditions and shows them as one setting.
func match(route *table, protocol string) Match {
	t := route.table("match")
	t.silent = true
	defer t.done()
	var m Match
	conditions := "host, path_prefix, method, header"
	switch protocol {
	case ProtocolRedis:
		conditions = "command, key_prefix, client"
		m = redisMatch(t)
	case ProtocolThrift:
		conditions = "service, method, header"
		m.Service, m.Method = t.text("service", "", checkThriftName), t.text("method", "", checkThriftName)
		m.Headers = headers(t, "header")
		t.unfit(protocol, "host", "path_prefix", "command", "key_prefix", "client")
	default:
		m.Host = strings.ToLower(t.text("host", "", checkHostPattern))
		m.PathPrefix, m.Method = t.text("path_prefix", "", checkPathPrefix), t.text("method", "", checkMethod)
		m.Headers = headers(t, "header")
		t.unfit(protocol, "service", "command", "key_prefix", "client")
	}
	f := route.at("match")
	if len(t.values) == 0 && !route.bad["match"] {
		f.fail(`missing: expected at least one of %s; to match everything, set the listener's upstream`, conditions)
	}
	f.settle(m.literal(), byDefault)
	return m
}

func headers(above *table, key string) []Header {
	t := above.table(key)
	if len(t.values) > maxHeaders {
		above.at(key).fail("%d headers, more than the limit of %d", len(t.values), maxHeaders)
	}
	var all []Header
	given := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(t.values)) {
		f := t.field(name)
		if err := checkToken(name); err != nil {
			f.fail("header name: %v", err)
		}
		if first, twice := given[strings.ToLower(name)]; twice {
			f.fail("the same header as %s: case does not matter in names of headers", shown(first))
		}
		given[strings.ToLower(name)] = name
		all = append(all, Header{Name: name, Value: f.text(checkFieldValue)})
	}
	return all
}

// literal is the match as an inline table.
func (m Match) literal() string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+" = "+quote(value))
		}
	}
	add("host", m.Host)
	add("path_prefix", m.PathPrefix)
	add("service", m.Service)
	add("method", m.Method)
	add("command", m.Command)
	add("key_prefix", m.KeyPrefix)
	add("client", m.Client)
	if len(m.Headers) > 0 {
		parts = append(parts, "header = "+headersLiteral(m.Headers))
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

// headersLiteral is headers as an inline table.
func headersLiteral(list []Header) string {
	fields := make([]string, len(list))
	for i, h := range list {
		fields[i] = quote(h.Name) + " = " + quote(h.Value)
	}
	return "{ " + strings.Join(fields, ", ") + " }"
}

// checkNamed is for references that may not be left empty; whether they lead
// anywhere is seen when the whole file has been read.
func checkNamed(s string) error {
	if s == "" {
		return complain(`expected the name of an upstream, got ""`)
	}
	return nil
}

func checkPathPrefix(s string) error {
	if !strings.HasPrefix(s, "/") || hasControl(s) || strings.ContainsAny(s, "?#") {
		return complain(`expected a path that begins with "/" and has no query, such as "/v2/", got %s`, shown(s))
	}
	return nil
}

// checkMethod refuses "get": methods are case-sensitive, so it would never
// match.
func checkMethod(s string) error {
	known := []string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
	if upper := strings.ToUpper(s); upper != s && slices.Contains(known, upper) {
		return complain("methods are case-sensitive, got %s; did you mean %s?", shown(s), shown(upper))
	}
	return checkToken(s)
}

// checkFieldValue is for what a header must equal: as it is after the space
// around it has been taken off.
func checkFieldValue(s string) error {
	if strings.TrimSpace(s) != s || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return complain("expected a value without control characters and without space around it, got %s", shown(s))
	}
	return nil
}

func lowerAll(list []string) []string {
	lower := make([]string, len(list))
	for i, s := range list {
		lower[i] = strings.ToLower(s)
	}
	return lower
}
