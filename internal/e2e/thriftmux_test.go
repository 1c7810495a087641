package e2e

import (
	"strings"
	"syscall"
	"testing"
)

// A sidecar before another speaks ThriftMux to it, whose backend is a plain
// server of Apache Thrift: both ends of Mux, and the bridges of either side. The
// inner ones are drained in turn while calls are under way that must not be
// executed twice: no call fails, and none is lost.
func TestThriftMuxBetweenSidecarsLosesNothingInADrain(t *testing.T) {
	d := driverOf("thrift")
	server := thriftServer(t)
	inner := func() *proc {
		return start(t, "", conf{process: `grace = "10s"`, protocol: "thrift", discover: server.address})
	}
	first, second := inner(), inner()
	p := start(t, "", conf{
		protocol: "thrift", discover: strings.Join([]string{first.port, second.port}, ","),
		upstream: "protocol = \"thriftmux\"\n[upstream.web.balance]\npolicy = \"least_loaded\"",
	})
	l := (&load{t: t, d: d, address: p.port, clients: 32, write: true}).begin()
	l.more(1000)
	if n := p.admin.sum("scales.socket.num_connections", ""); n != 2 {
		t.Errorf("%v connections to two endpoints", n)
	}
	first.signal(syscall.SIGTERM)
	first.wait()
	l.more(1000)
	got := l.end()
	t.Logf("%d calls, errors: %s", got.sent, got.errors())
	got.clean(t)
	executed := server.executed()
	for id := range got.done {
		if executed[id] != 1 {
			t.Errorf("%s was executed %d times", id, executed[id])
		}
	}
	if n := p.admin.sum("sidecar.mux.drains", ""); n < 1 {
		t.Errorf("%v drains counted", n)
	}
	if n := p.admin.sum("scales.mux.TagPool.max_tag", ""); n < 2 {
		t.Errorf("highest tag %v", n)
	}
}

func driverOf(protocol string) driver {
	for _, d := range drivers() {
		if d.protocol == protocol {
			return d
		}
	}
	panic("no driver for " + protocol)
}

// One of the inner sidecars is killed and started anew, again and again: calls
// that may be executed twice do not notice.
func TestThriftMuxEndpointsThatAreKilledCostNoCall(t *testing.T) {
	server := thriftServer(t)
	addresses := []string{freeAddress(t), freeAddress(t), freeAddress(t)}
	inner := func(i int) *proc {
		return start(t, "", conf{protocol: "thrift", address: addresses[i], discover: server.address})
	}
	var all []*proc
	for i := range addresses {
		all = append(all, inner(i))
	}
	p := start(t, "", conf{
		protocol: "thrift", discover: strings.Join(addresses, ","), more: idempotent,
		upstream: "protocol = \"thriftmux\"\n[upstream.web.balance]\npolicy = \"least_loaded\"\n[upstream.web.breaker]\nmin_backoff = \"100ms\"\nmax_backoff = \"200ms\"",
	})
	l := (&load{t: t, d: driverOf("thrift"), address: p.port, clients: 32}).begin()
	for round := range 6 {
		l.more(500)
		i := round % len(all)
		all[i].expect = -1
		all[i].signal(syscall.SIGKILL)
		<-all[i].done
		l.more(500)
		all[i] = inner(i)
	}
	got := l.end()
	t.Logf("%d calls, errors: %s", got.sent, got.errors())
	got.clean(t)
}

// An endpoint that stands still is found out by its pings: the connection is
// closed, and what was on it goes elsewhere.
func TestThriftMuxEndpointThatStandsStillIsFoundOut(t *testing.T) {
	server := thriftServer(t)
	inner := func() *proc { return start(t, "", conf{protocol: "thrift", discover: server.address}) }
	first, second := inner(), inner()
	p := start(t, "", conf{
		protocol: "thrift", discover: strings.Join([]string{first.port, second.port}, ","), more: idempotent,
		upstream: "protocol = \"thriftmux\"\nmux = { ping_period = \"200ms\", ping_timeout = \"500ms\" }\n[upstream.web.balance]\npolicy = \"least_loaded\"",
	})
	l := (&load{t: t, d: driverOf("thrift"), address: p.port, clients: 16}).begin()
	l.more(500)
	first.signal(syscall.SIGSTOP)
	defer first.signal(syscall.SIGCONT)
	await(t, "a ping is not answered", func() bool { return p.admin.sum("sidecar.mux.pings_unanswered", "") > 0 })
	l.more(500)
	got := l.end()
	t.Logf("%d calls, errors: %s, the longest took %v", got.sent, got.errors(), got.longest)
	got.clean(t)
}
