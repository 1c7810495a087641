package config

import (
	"errors"
	"strings"
	"testing"
	"time"
)

const muxFile = `
[[listener]]
name = "users"
protocol = "thrift"
address = "127.0.0.1:9090"
upstream = "users"
[upstream.users]
discover = "tcp://127.0.0.1:1"
protocol = "thriftmux"
fallback = { upstream = "plain" }
[upstream.plain]
discover = "tcp://127.0.0.1:2"
protocol = "thrift"
`

func TestMuxIsRead(t *testing.T) {
	f, err := Parse("c.toml", []byte(muxFile))
	if err != nil {
		t.Fatal(err)
	}
	want := Mux{Connections: 1, PingPeriod: 5 * time.Second, PingTimeout: 4 * time.Second, MaxFrame: 16 << 20, Fragment: 64 << 10}
	for _, u := range f.Upstreams {
		if u.Name == "users" && (u.Protocol != ProtocolThriftMux || u.Mux != want || u.Pool.HighWatermark != 1) {
			t.Errorf("%+v, pool %+v", u.Mux, u.Pool)
		}
		if u.Name == "plain" && u.Mux != (Mux{}) {
			t.Errorf("plain: %+v", u.Mux)
		}
	}
	var out strings.Builder
	if err := f.WriteEffective(&out); err != nil {
		t.Fatal(err)
	}
	if _, err := Parse("effective", []byte(out.String())); err != nil {
		t.Errorf("what is told is refused: %v", err)
	}
	for _, text := range []string{"ping_period", "connections"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("%s is not shown", text)
		}
	}
	for _, s := range f.Settings() {
		if s.Key == "upstream.users.pool.high_watermark" || s.Key == "upstream.users.thrift.transport" || strings.HasPrefix(s.Key, "upstream.plain.mux") {
			t.Errorf("%s is told, which means nothing here", s.Key)
		}
	}
}

func TestMuxKeysThatDoNotFitAreRefused(t *testing.T) {
	for _, row := range []struct{ name, old, text, want string }{
		{"thrift's keys", `protocol = "thriftmux"`, "protocol = \"thriftmux\"\nthrift = { protocol = \"compact\" }", `means nothing with protocol "thriftmux"`},
		{"a bound of exclusive connections", `protocol = "thriftmux"`, "protocol = \"thriftmux\"\npool = { high_watermark = 5 }", `means nothing with protocol "thriftmux"`},
		{"more kept than there are", `protocol = "thriftmux"`, "protocol = \"thriftmux\"\npool = { low_watermark = 5 }", "mux.connections (1)"},
		{"no connection", `protocol = "thriftmux"`, "protocol = \"thriftmux\"\nmux = { connections = 0 }", "expected"},
		{"tiny fragments", `protocol = "thriftmux"`, "protocol = \"thriftmux\"\nmux = { fragment = \"10B\" }", "expected"},
		{"a listener of Mux alone", `protocol = "thrift"`, `protocol = "thriftmux"`, "expected"},
		{"HTTP before Mux", "protocol = \"thrift\"\naddress", "protocol = \"http\"\naddress", "do not understand each other"},
	} {
		t.Run(row.name, func(t *testing.T) {
			text := strings.Replace(muxFile, row.old, row.text, 1)
			_, err := Parse("c.toml", []byte(text))
			var bad *Invalid
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
	text := strings.Replace(muxFile, "127.0.0.1:2\"", "127.0.0.1:2\"\nmux = { connections = 2 }", 1)
	if _, err := Parse("c.toml", []byte(text)); err == nil || !strings.Contains(err.Error(), `means nothing with protocol "thrift"`) {
		t.Errorf("mux of a plain upstream: %v", err)
	}
}
