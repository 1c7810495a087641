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
