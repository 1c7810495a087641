package config

import (
	"errors"
	"slices"
	"strings"
)

// What listeners and upstreams may speak.
const (
	ProtocolHTTP   = "http"
	ProtocolThrift = "thrift"
	// ProtocolThriftMux is Thrift over Mux. Of upstreams only: a listener of
	// ProtocolThrift leads there.
	ProtocolThriftMux = "thriftmux"
	ProtocolRedis     = "redis"
	ProtocolKafka     = "kafka"
)

// listenerProtocols and upstreamProtocols are what this version speaks on either
// side.
func listenerProtocols() choice {
	return choice{names: []string{ProtocolHTTP, ProtocolThrift, ProtocolRedis, ProtocolKafka}}
}

func upstreamProtocols() choice {
	return choice{names: []string{ProtocolHTTP, ProtocolThrift, ProtocolThriftMux, ProtocolRedis, ProtocolKafka}}
}

// joins is the protocol of listeners that lead to upstreams of protocol p.
func joins(p string) string {
	if p == ProtocolThriftMux {
		return ProtocolThrift
	}
	return p
}

// lead is the listener by which an upstream is reached first.
type lead struct{ protocol, origin string }

// leads are what upstreams speak that do not say it: what the first listener
// speaks that leads to them.
func leads(listeners []Listener) map[string]lead {
	all := map[string]lead{}
	for _, l := range listeners {
		if !slices.Contains(upstreamProtocols().names, l.Protocol) {
			continue // it is wrong, which is told there
		}
		to := lead{l.Protocol, joinKey(l.Key, "protocol")}
		refer := func(name, _ string) {
			if _, known := all[name]; !known {
				all[name] = to
			}
		}
		eachUpstream(l, refer)
	}
	return all
}

// eachUpstream tells of each upstream that l leads to, and by which key.
func eachUpstream(l Listener, refer func(name, key string)) {
	refer(l.Upstream, l.Key+".upstream")
	splits(l.Filters, refer)
	refer(l.Redis.Mirror, l.Key+".redis.mirror")
	for _, route := range l.Routes {
		refer(route.Upstream, route.Key+".upstream")
		refer(route.Mirror, route.Key+".mirror")
		splits(route.Filters, refer)
	}
}

const theListener = "the listener"

// protocolsMeet looks whether listeners and fallbacks lead to what speaks their
// protocol.
func protocolsMeet(r *reader, f *File) {
	speaks, typed := map[string]string{}, map[string]bool{}
	for _, u := range f.Upstreams {
		speaks[u.Name], typed[u.Name] = u.Protocol, u.Thrift.IDL.Path != ""
	}
	meet := func(from, protocol, to, key string) {
		if p := speaks[to]; p != "" && joins(p) != joins(protocol) && slices.Contains(upstreamProtocols().names, protocol) && slices.Contains(upstreamProtocols().names, p) {
			hint := ""
			if protocol == ProtocolHTTP && p == ProtocolKafka && from == theListener {
				return // records, which a producer writes
			}
			if protocol == ProtocolHTTP && joins(p) == ProtocolThrift && from == theListener {
				if typed[to] {
					return // JSON, whose types the file says
				}
				hint = "; with its interface file (thrift.idl), clients may send JSON"
			}
			r.problem(r.lineOf(key), key, "%s speaks %s and upstream %s %s: they do not understand each other%s", from, protocol, shown(to), p, hint)
		}
	}
	for _, l := range f.Listeners {
		eachUpstream(l, func(name, key string) { meet(theListener, l.Protocol, name, key) })
	}
	for _, u := range f.Upstreams {
		meet("the upstream", u.Protocol, u.Fallback.Upstream, u.Key+".fallback.upstream")
	}
}

// unfit refuses keys that mean nothing in the protocol, whose tables do not ask
// for them.
func (t *table) unfit(protocol string, names ...string) {
	for _, name := range names {
		if f := t.at(name); f.set {
			t.asked = append(t.asked, name)
			f.fail("means nothing with protocol %s: leave it out", shown(protocol))
		}
	}
}

// chooseFrom is choose for a default that is itself set somewhere.
func (t *table) chooseFrom(name, def, origin string, c choice) string {
	f := t.field(name)
	s := def
	if f.set {
		s = f.text(c.check)
	}
	f.settle(quote(s), origin)
	return s
}

// checkThriftMethod is for a method's name as calls have it, with its service
// before a colon where it is multiplexed.
func checkThriftMethod(s string) error {
	service, method, both := strings.Cut(s, ":")
	if !both {
		return checkThriftName(s)
	}
	return errors.Join(checkThriftName(service), checkThriftName(method))
}

// checkThriftName is for the name of a method or a service.
func checkThriftName(s string) error {
	if s == "" || len(s) > maxThriftName || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == ':' }) {
		return complain("expected a name of 1 to %d characters without space and colon, got %s", maxThriftName, shown(s))
	}
	return nil
}
