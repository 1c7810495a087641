package sidecar_test

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"testing"
)

// drawing says who may import whom inside the module; what it does not say is
// forbidden. A package stands on the left of exactly one line or the test
// fails, so a new one is drawn before it is used. Absent arrows are the design:
// no wire package knows another or a pool, no policy knows a protocol, balance
// does not know discovery, config and admin know no component.
//
// A star stands for one path element. "everything" is every package but
// commands, bench and those of testOnly. After # stands the reason of an arrow
// that is not plain from the sentence above.
const drawing = `
cmd/*      -> everything                  # cmd/daemon is the process, cmd/sidecar and cmd/demo are its mains
bench      -> everything                  # starts the proxy beside its peers, as a command does

upstream          -> upstream/*, balance, discovery, varz, root
upstream/pool     -> sock, varz, root
upstream/breaker  -> varz, root
upstream/retry    -> varz, root
upstream/hedge    -> varz, root
upstream/limit    -> varz, root

listener      -> sock, varz, root
wire/http     -> sock, varz, root
wire/http1    -> wire/http, wire/watch, wire/told, wire/patience, sock, varz, root
wire/http2    -> wire/http, sock, varz, root
wire/shared   -> sock, varz, root          # the core of shared connections: coalesced writes, slots for replies
wire/watch    -> sock, root                # watches the client of an exchange that waits, for every server
wire/patience -> root                      # waits that are not configured, and what is left of a client's time, in every protocol
wire/told     -> root                      # how the record of a failed exchange reads to its client, in every protocol
wire/thrift   -> wire/shared, wire/watch, wire/told, wire/patience, sock, varz, root
wire/thrift/idl -> wire/thrift, root       # the types of what is on the wire, from interface files
wire/mux      -> wire/shared, wire/watch, wire/told, wire/patience, sock, varz, root
wire/resp     -> wire/shared, wire/watch, wire/told, wire/patience, sock, varz, root
wire/kafka    -> wire/watch, wire/told, wire/patience, sock, varz, root
wire/pysoa    -> sock, varz, root
wire/lightbus -> sock, varz, root
wire/ez       -> sock, varz, root
bridge/*      -> wire/*, wire/thrift/idl, sock, varz, root  # joins two protocols: the only importer of two wire packages

balance     -> varz, root
route       -> varz, root
why         -> varz, root
admin       -> varz, root
discovery   -> varz
discovery/* -> discovery, varz
announce    -> discovery, discovery/zk, wire/thrift, varz # a check may call a method

config -> nothing
varz   -> nothing
sock   -> nothing
root   -> nothing

internal/peer -> nothing
internal/leak -> nothing
internal/ads  -> nothing                   # a real control plane for the tests of two packages
internal/zoo  -> nothing                   # real ZooKeeper servers for the tests of three packages
internal/rediscluster -> nothing           # real Redis Clusters and Sentinels for the tests of three packages
internal/finagle -> nothing                # real Finagle servers and clients for conformance tests
internal/thrifttest -> nothing             # Apache Thrift's own test in three languages, for conformance tests
internal/brokers -> nothing                # real and in-process Kafka brokers for the tests of several packages
internal/kafkaclients -> nothing           # Kafka clients in five languages, for conformance tests
internal/redisclients -> nothing           # Redis clients in five languages and Redis' own suite, for conformance tests
internal/sim  -> balance, upstream, upstream/*, root
internal/sim/run -> internal/sim, balance, upstream/*, root # the command of the simulation
internal/e2e  -> everything                # the end-to-end suite that every protocol runs through
`

// testOnly are packages that only tests, and each other, may import.
const testOnly = "internal/peer, internal/leak, internal/zoo, internal/ads, internal/rediscluster, internal/finagle, internal/thrifttest, internal/redisclients, internal/brokers, internal/kafkaclients, internal/e2e, internal/sim, internal/sim/run"

// outside says which packages may import what is not ours: one line for each
// direct dependency. A package under test may import no more than that either.
var outside = []limit{
	{"github.com/BurntSushi/toml", "config, discovery", "no component knows TOML; discovery reads lists of endpoints written in it"},
	{"github.com/miekg/dns", "discovery/dns", "the standard resolver hides TTLs and tells its errors apart by their text only"},
	{"github.com/go-zookeeper/zk", "discovery/zk, internal/zoo", "ZooKeeper's protocol; who announces goes by discovery/zk"},
	{"github.com/envoyproxy/go-control-plane/envoy", "discovery/xds, internal/ads, internal/e2e", "the messages of xDS"},
	{"github.com/envoyproxy/go-control-plane/pkg", "internal/ads", "a real control plane for tests"},
	{"google.golang.org/grpc", "discovery/xds, internal/ads", "the transport of xDS"},
	{"google.golang.org/protobuf", "discovery/xds, internal/ads", "the encoding of xDS"},
	{"github.com/apache/thrift", "wire/thrift, bridge/httpthrift, bridge/muxthrift, internal/e2e", "in tests only: the peer that the codecs of wire/thrift are held against"},
	{"github.com/klauspost/compress", "wire/thrift", "Snappy, which THeader allows beside zlib"},
	{"go.uber.org/thriftrw", "wire/thrift/idl", "only one package knows how interface files are parsed"},
	{"gonum.org/v1/*", "internal/sim/run", "drawings of the simulation; no binary has it"},
	{"github.com/maypok86/otter", "wire/http", "which stored answers make room is a policy of its own"},
	{"github.com/redis/go-redis", "discovery/redis", "asks Sentinels and nodes of a Redis Cluster; no request of a client goes by it"},
	{"github.com/twmb/franz-go/pkg/kmsg", "wire/kafka, discovery/kafka, bridge/httpkafka, internal/brokers, internal/e2e", "Kafka's messages, generated from its own definitions"},
	{"github.com/twmb/franz-go/pkg/sasl", "wire/kafka, bridge/httpkafka, internal/e2e", "how to log in to brokers"},
	{"github.com/twmb/franz-go/pkg/kfake", "wire/kafka, discovery/kafka, bridge/httpkafka, cmd/daemon, internal/brokers, internal/e2e, bench", "in tests and the benchmark only: brokers in the process"},
	{"github.com/twmb/franz-go/*", "bridge/httpkafka, wire/kafka, internal/brokers, internal/e2e, bench", "the producer behind the HTTP endpoint; elsewhere a client for tests"},
	{"github.com/segmentio/kafka-go", "wire/kafka, internal/brokers, internal/e2e", "in tests only: a client of another author"},
	{"github.com/xdg-go/scram", "wire/kafka", "SCRAM as servers speak it"},
	{"github.com/prometheus/*", "admin", "counting is varz; only its exposition speaks Prometheus"},
}

// limit allows the import of a path to some packages only, for a reason.
type limit struct{ path, users, reason string }

func TestArrows(t *testing.T) {
	d := parseDrawing(t, drawing)
	for _, p := range loadModule(t) {
		if !d.drawn(p.path) {
			t.Errorf("package %s is not drawn: add its line to the drawing in arch_test.go, with a reason in ARCHITECTURE.md", p.path)
			continue
		}
		for _, f := range p.files {
			for _, imp := range f.imports() {
				if why := d.refuses(p.path, imp, f.test); why != "" {
					t.Errorf("%s imports %s: %s", f.name, imp, why)
				}
			}
		}
	}
}

func TestDrawingRefusesWhatItDoesNotDraw(t *testing.T) {
	d := parseDrawing(t, drawing)
	for _, c := range []struct {
		name, from, imp string
		test, refused   bool
	}{
		{"drawn arrow", "upstream", "sidecar/upstream/pool", false, false},
		{"root by its module path", "balance", "sidecar", false, false},
		{"standard library", "sock", "net/netip", false, false},
		{"absent arrow", "balance", "sidecar/discovery", false, true},
		{"arrow against the drawing", "upstream/pool", "sidecar/upstream", false, true},
		{"wire packages apart", "wire/http1", "sidecar/wire/mux", false, true},
		{"wire package by a bridge", "bridge/muxthrift", "sidecar/wire/mux", false, false},
		{"star is one element", "bridge/a/b", "sidecar/wire/mux", false, true},
		{"command imported", "cmd/demo", "sidecar/cmd/sidecar", false, true},
		{"test package by code", "cmd/sidecar", "sidecar/internal/peer", false, true},
		{"test package by a test", "sock", "sidecar/internal/leak", true, false},
		{"test package by another", "internal/e2e", "sidecar/internal/peer", false, false},
		{"leaf", "varz", "sidecar", false, true},
		{"dependency by its package", "config", "github.com/BurntSushi/toml", false, false},
		{"dependency by another", "route", "github.com/BurntSushi/toml", false, true},
		{"part of a dependency", "admin", "github.com/prometheus/client_golang/prometheus/promhttp", false, false},
		{"unknown dependency", "admin", "example.org/x", true, true},
		{"dependency of the root", "root", "example.org/x", false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if why := d.refuses(c.from, c.imp, c.test); (why != "") != c.refused {
				t.Errorf("%s -> %s: got %q, want refused %v", c.from, c.imp, why, c.refused)
			}
		})
	}
}

// arrows is the drawing: the right-hand side of each left-hand side.
type arrows map[string]string

func parseDrawing(t *testing.T, text string) arrows {
	t.Helper()
	d := arrows{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		from, to, ok := strings.Cut(line, "->")
		from = strings.TrimSpace(from)
		if _, twice := d[from]; !ok || twice {
			t.Fatalf("drawing: not one arrow a package: %q", line)
		}
		d[from] = strings.TrimSpace(to)
	}
	return d
}

func (d arrows) drawn(pkg string) bool {
	for from := range d {
		if among(pkg, from) {
			return true
		}
	}
	return false
}

// refuses says why the package from may not import the path imp, "" if it may.
func (d arrows) refuses(from, imp string, test bool) string {
	to, ours := inModule(imp)
	switch {
	case !ours && !strings.Contains(strings.SplitN(imp, "/", 2)[0], "."):
		return "" // the standard library
	case !ours:
		for _, o := range outside {
			if within(imp, o.path) && among(from, o.users) {
				return ""
			}
		}
		return "a dependency that this package may not have"
	case to == from:
		return "" // an external test imports its package
	case among(to, testOnly):
		if test || among(from, testOnly) {
			return ""
		}
		return "it is for tests only"
	}
	for left, right := range d {
		if among(from, left) && (among(to, right) || right == "everything" && !among(to, "cmd/sidecar, cmd/demo, bench")) {
			return ""
		}
	}
	return fmt.Sprintf("no arrow %s -> %s is drawn", from, to)
}

// among tells whether pkg matches one of a list of patterns.
func among(pkg, list string) bool {
	for p := range strings.SplitSeq(list, ",") {
		if ok, err := path.Match(strings.TrimSpace(p), pkg); ok && err == nil {
			return true
		}
	}
	return false
}

// within tells whether the import path is of the module that pattern names, or
// of one of those that "prefix/*" names.
func within(imp, pattern string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(imp, prefix)
	}
	return imp == pattern || strings.HasPrefix(imp, pattern+"/")
}

// inModule is an import path as the drawing names it, false if it is not ours.
func inModule(imp string) (string, bool) {
	if imp == module {
		return "root", true
	}
	return strings.CutPrefix(imp, module+"/")
}

func (f source) imports() []string {
	all := make([]string, 0, len(f.ast.Imports))
	for _, i := range f.ast.Imports {
		if p, err := strconv.Unquote(i.Path.Value); err == nil {
			all = append(all, p)
		}
	}
	return all
}
