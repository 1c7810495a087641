package config

import (
	"slices"
	"strconv"
	"strings"
)

const (
	maxUpstreams  = 1000
	maxOperations = 200 // of one upstream
	maxRetries    = 7   // with the first try 8, as many as are recorded
	maxEndpoints  = 100_000
	maxLoad       = 1_000_000 // also of waiters and of retries a second
	maxDeviation  = 10        // standard deviations
	maxPool       = 65535     // connections to one address and port
)

func upstreams(root *table, process Process, leads map[string]lead) []Upstream {
	var all []Upstream
	root.each("upstream", maxUpstreams, func(name string, t *table) {
		if err := checkName(name); err != nil {
			t.r.problem(t.line, t.key, "%v", err)
		}
		led, known := leads[name]
		if !known {
			led = lead{ProtocolHTTP, byDefault}
		}
		all = append(all, upstream(name, t, process, led))
	})
	return all
}

func upstream(name string, t *table, process Process, led lead) Upstream {
	defer t.done()
	u := Upstream{
		Key:      t.key,
		Name:     name,
		Sources:  sources(t),
		Protocol: t.chooseFrom("protocol", led.protocol, led.origin, upstreamProtocols()),
		Reach:    Reach{SourceAddress: t.text("source_address", "", checkSourceAddress)},
	}
	u.Timeouts = timeouts(t, u.Protocol)
	u.MaxInFlight = t.count("max_in_flight", 0, 0, maxLoad)
	switch u.Protocol {
	case ProtocolThrift:
		u.Thrift = thriftUpstream(t.table("thrift"), u.Protocol)
		t.unfit(u.Protocol, "mux", "redis", "kafka", "producer")
	case ProtocolThriftMux:
		u.Mux, u.Thrift = mux(t.table("mux")), thriftUpstream(t.table("thrift"), u.Protocol)
		t.unfit(u.Protocol, "redis", "kafka", "producer")
	case ProtocolRedis:
		u.Redis = redisUpstream(t.table("redis"))
		t.unfit(u.Protocol, "thrift", "mux", "kafka", "producer")
	case ProtocolKafka:
		u.Kafka = kafkaUpstream(t.table("kafka"))
		u.Producer = producer(t.table("producer"))
		t.unfit(u.Protocol, "thrift", "mux", "redis")
	default:
		t.unfit(u.Protocol, "thrift", "mux", "redis", "kafka", "producer")
	}
	u.TLS = upstreamTLS(t)
	u.Balance = balance(t.table("balance"), process, u.Redis.keyed() || u.Protocol == ProtocolKafka)
	u.Pool = pool(t.table("pool"), u)
	u.Breaker = breaker(t.table("breaker"))
	u.Circuit = circuit(t.table("circuit"))
	if u.Protocol == ProtocolKafka {
		u.Retry, u.Hedge.Mode = retry(t.table("retry")), ModeOff
		sessionKeys(t, u)
		return u
	}
	u.Fallback = fallback(t.table("fallback"), u.Protocol)
	u.Retry = retry(t.table("retry"))
	u.Hedge = hedge(t.table("hedge"))
	u.operations(t)
	return u
}

// operations reads the parts of u's requests that have settings of their own.
func (u *Upstream) operations(t *table) {
	t.each("operation", maxOperations, func(name string, op *table) {
		o := operation(name, op, *u)
		for _, other := range u.Operations {
			if other.Name == o.Name {
				op.r.problem(op.line, op.key, "is the same command as %s: case does not matter", other.Key)
			}
		}
		u.Operations = append(u.Operations, o)
	})
}

// timeouts reads how long requests may take.
func timeouts(t *table, protocol string) Timeouts {
	out := Timeouts{
		Timeout:        t.span("timeout", "10s", "none"),
		StallTimeout:   t.span("stall_timeout", "60s", "none"),
		AttemptTimeout: t.span("attempt_timeout", "0s", "none"),
		ConnectTimeout: t.span("connect_timeout", "1s", ""),
		Slow:           t.floor("slow", "0s"),
		ClientDeadline: ModeOff,
	}
	if protocol != ProtocolKafka {
		out.ClientDeadline = t.choose("client_deadline", ModeDark, modes())
	}
	t.cross(out.AttemptTimeout <= out.Timeout || out.Timeout == 0, "timeout", "attempt_timeout",
		"attempt_timeout (%s) must not be longer than timeout (%s)", durationText(out.AttemptTimeout), durationText(out.Timeout))
	return out
}

// sessionKeys refuses what means nothing where a client has a broker's connection
// to itself: parts of a request, second senders, other upstreams, a part of the
// endpoints.
func sessionKeys(t *table, u Upstream) {
	t.unfit(ProtocolKafka, "hedge", "fallback", "operation", "client_deadline")
	if len(u.Subset) > 0 {
		t.at("subset").fail("means nothing with protocol %s, whose clients need every broker: leave it out", shown(ProtocolKafka))
	}
}

// modes are how far something risky may go.
func modes() choice { return choice{names: []string{ModeOff, ModeDark, ModeOn}} }

// balance reads how an endpoint is picked. With keyed the key of a request says
// that, and the policy counts only for requests without one: all endpoints are in
// use then.
func balance(t *table, process Process, keyed bool) Balance {
	defer t.done()
	policy := PolicyAperture
	if keyed {
		policy = PolicyLeastLoaded
	}
	b := Balance{
		Policy: t.choose("policy", policy, choice{names: []string{
			PolicyAperture, PolicyLeastLoaded, PolicyP2C, PolicyRingHash, PolicyMaglev,
		}}),
		Load:      t.choose("load", LoadPending, choice{names: []string{LoadPending, LoadPeakEwma}}),
		Decay:     t.span("decay", "10s", ""),
		SlowStart: t.span("slow_start", "0s", "none"),
		MinSize:   t.count("min_size", 0, 0, maxEndpoints),
		MaxSize:   t.count("max_size", 0, 0, maxEndpoints),
		LowLoad:   t.number("low_load", 0.5, maxLoad),
		HighLoad:  t.number("high_load", 2, maxLoad),
		Smoothing: t.span("smoothing", "5s", ""),
	}
	if keyed && b.Policy != PolicyLeastLoaded && b.Policy != PolicyP2C && !t.bad["policy"] {
		t.at("policy").fail("clients or keys say which endpoint is asked, and every endpoint is: leave policy out, or set it to %s or %s", shown(PolicyLeastLoaded), shown(PolicyP2C))
	}
	b.JitterMin, b.JitterMax = t.spanRange("jitter", "120s..240s")
	b.Peers = peers(t, process.Peers, "process.peers")
	notePeers(t, b)
	b.Hash, b.BoundedLoad = hashing(t, b.Policy)
	if t.choose("zone", zonePrefer, choice{names: []string{zonePrefer, zoneOff}}) == zonePrefer {
		b.Zone = process.Zone
	}
	b.Panic = t.number("panic", 0.5, 1)
	t.cross(b.Load == LoadPending || b.Policy == PolicyAperture || b.Policy == PolicyP2C, "load", "policy",
		"%s counts requests only: set load to %s, or policy to %s or %s", shown(b.Policy), shown(LoadPending), shown(PolicyAperture), shown(PolicyP2C))
	t.cross(b.MinSize <= b.MaxSize || b.MaxSize == 0, "min_size", "max_size",
		"min_size (%d) must not be greater than max_size (%d)", b.MinSize, b.MaxSize)
	t.cross(b.LowLoad < b.HighLoad, "low_load", "high_load",
		"low_load (%v) must be less than high_load (%v)", b.LowLoad, b.HighLoad)
	return b
}

func pool(t *table, u Upstream) Pool {
	defer t.done()
	p := Pool{LowWatermark: t.count("low_watermark", 1, 0, maxPool), HighWatermark: u.Mux.Connections}
	if u.Protocol == ProtocolThriftMux {
		t.unfit(u.Protocol, "high_watermark") // mux.connections is that
		t.cross(p.LowWatermark <= p.HighWatermark, "low_watermark", "low_watermark",
			"low_watermark (%d) must not be greater than mux.connections (%d)", p.LowWatermark, p.HighWatermark)
	} else {
		most := 100
		if u.Protocol == ProtocolKafka {
			most = 10_000 // each client has one to itself for all of its life
		}
		p.HighWatermark = t.count("high_watermark", most, 1, maxPool)
		t.cross(p.LowWatermark <= p.HighWatermark, "low_watermark", "high_watermark",
			"low_watermark (%d) must not be greater than high_watermark (%d)", p.LowWatermark, p.HighWatermark)
	}
	p.MaxWaiters, p.IdleTimeout = t.count("max_waiters", 1000, 0, maxLoad), t.span("idle_timeout", "60s", "")
	return p
}

func breaker(t *table) Breaker {
	defer t.done()
	b := Breaker{
		ConsecutiveFailures: t.count("consecutive_failures", 5, 0, maxLoad),
		SuccessRate:         t.number("success_rate", 0.5, 1),
		Window:              t.span("window", "10s", ""),
		MinRequests:         t.count("min_requests", 20, 1, maxLoad),
		Deviation:           t.number("deviation", 0, maxDeviation),
		MinBackoff:          t.span("min_backoff", "5s", ""),
		MaxBackoff:          t.span("max_backoff", "60s", ""),
		MaxEjected:          t.number("max_ejected", 0.5, 1),
		Ramp:                t.span("ramp", "10s", "none"),
	}
	t.cross(b.MinBackoff <= b.MaxBackoff, "min_backoff", "max_backoff",
		"min_backoff (%s) must not be longer than max_backoff (%s)", durationText(b.MinBackoff), durationText(b.MaxBackoff))
	return b
}

func retry(t *table) Retry {
	defer t.done()
	r := Retry{
		MaxRetries:   t.count("max_retries", 2, 0, maxRetries),
		Budget:       t.number("budget", 0.2, 1),
		MinPerSecond: t.count("min_per_second", 10, 0, maxLoad),
		Backoff:      t.span("backoff", "25ms", "none"),
		MaxBackoff:   t.span("max_backoff", "250ms", "none"),
		On:           retryOn(t, conditions(), byDefault),
	}
	t.cross(r.Backoff <= r.MaxBackoff, "backoff", "max_backoff",
		"backoff (%s) must not be longer than max_backoff (%s)", durationText(r.Backoff), durationText(r.MaxBackoff))
	return r
}

func conditions() []string {
	return []string{RetryOnConnect, RetryOnRejected, RetryOnReset, RetryOnTimeout, RetryOn5xx}
}

// retryOn asks for what is tried again, in the order of conditions.
func retryOn(t *table, def []string, origin string) []string {
	all := conditions()
	on := t.textsFrom("on", def, origin, len(all), choice{names: all}.check)
	return slices.DeleteFunc(all, func(c string) bool { return !slices.Contains(on, c) })
}

// operation reads one operation of the upstream, whose settings it has unless it
// says otherwise. An attempt_timeout like the upstream's may be longer than its
// own timeout, which then ends the try.
func operation(name string, t *table, u Upstream) Operation {
	defer t.done()
	if err := checkOperation(name, u.Protocol); err != nil {
		t.r.problem(t.line, t.key, "%s", err)
	}
	op := Operation{
		Key:            t.key,
		Name:           operationName(name, u.Protocol),
		Timeout:        t.spanFrom("timeout", durationText(u.Timeout), "none", joinKey(u.Key, "timeout")),
		AttemptTimeout: t.spanFrom("attempt_timeout", durationText(u.AttemptTimeout), "none", joinKey(u.Key, "attempt_timeout")),
		MaxRetries:     t.countFrom("max_retries", u.Retry.MaxRetries, joinKey(joinKey(u.Key, "retry"), "max_retries"), 0, maxRetries),
		On:             retryOn(t, u.Retry.On, joinKey(joinKey(u.Key, "retry"), "on")),
	}
	t.cross(op.AttemptTimeout <= op.Timeout || op.Timeout == 0 || op.AttemptTimeout == u.AttemptTimeout, "timeout", "attempt_timeout",
		"attempt_timeout (%s) must not be longer than timeout (%s)", durationText(op.AttemptTimeout), durationText(op.Timeout))
	op.MaxInFlight = t.count("max_in_flight", 0, 0, maxLoad)
	// Left out, it is the protocol's rule, for which there is no literal.
	if f := t.field("idempotent"); f.set {
		v := f.flag()
		f.settle(strconv.FormatBool(v), byDefault)
		op.Idempotent = &v
	}
	op.Hedge = operationHedge(t, op)
	return op
}

// operationName is the name as requests have it: Redis tells no cases apart.
func operationName(name, protocol string) string {
	if protocol == ProtocolRedis {
		return strings.ToLower(name)
	}
	return name
}

// checkOperation is for the name of an operation. One of HTTP that is no method
// and path would match no request, and its settings would be in effect nowhere.
func checkOperation(name, protocol string) error {
	if name == "" || len(name) > 256 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return complain(`expected an operation of 1 to 256 characters, such as "GET /search", got %s`, shown(name))
	}
	method, path, _ := strings.Cut(name, " ")
	if protocol == ProtocolRedis && checkRedisCommand(name) != nil {
		return complain(`expected a command such as "get", or a subcommand such as "script|load", got %s, which no client sends`, shown(name))
	}
	if protocol != ProtocolHTTP || checkMethod(method) == nil && (strings.HasPrefix(path, "/") || path == "*") {
		return nil
	}
	return complain(`expected a method and the beginning of a path, such as "GET /search" or "GET /" for all of GET, got %s, which no request matches`, shown(name))
}
