package config

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

const thriftFile = `
[[listener]]
name = "users"
protocol = "thrift"
address = "127.0.0.1:9090"
upstream = "users"
[listener.thrift]
transport = "framed"
max_frame = "1MiB"
[[listener.route]]
match = { service = "Admin", method = "drop", header = { tenant = "a" } }
upstream = "admin"
[upstream.users]
discover = "tcp://127.0.0.1:1"
[upstream.users.operation."Users:get"]
idempotent = true
[upstream.admin]
discover = "tcp://127.0.0.1:2"
thrift = { transport = "header", protocol = "compact", oneway = ["Log:tell"] }
`

func TestThriftIsRead(t *testing.T) {
	f, err := Parse("c.toml", []byte(thriftFile))
	if err != nil {
		t.Fatal(err)
	}
	l := f.Listeners[0]
	if want := (Thrift{Transport: "framed", Protocol: ThriftAuto, MaxFrame: 1 << 20, ReplyOrder: ReplyOrderRequest}); !reflect.DeepEqual(l.Thrift, want) {
		t.Errorf("listener: %+v, want %+v", l.Thrift, want)
	}
	if m := l.Routes[0].Match; m.Service != "Admin" || m.Method != "drop" || len(m.Headers) != 1 {
		t.Errorf("match: %+v", m)
	}
	for i, want := range []Thrift{
		{Transport: "header", Protocol: "compact", MaxFrame: 16 << 20, Oneway: []string{"Log:tell"}},
		{Transport: "framed", Protocol: "binary", MaxFrame: 16 << 20},
	} {
		if u := f.Upstreams[i]; u.Protocol != ProtocolThrift || !reflect.DeepEqual(u.Thrift, want) {
			t.Errorf("%s: %s %+v, want %+v", u.Name, u.Protocol, u.Thrift, want)
		}
	}
	var origin string
	for _, s := range f.Settings() {
		if s.Key == "upstream.users.protocol" {
			origin = s.Origin
		}
		if strings.Contains(s.Key, "max_header_bytes") || strings.Contains(s.Key, "cache") {
			t.Errorf("%s is told, which means nothing here", s.Key)
		}
	}
	if origin != "listener[0].protocol" {
		t.Errorf("the upstream's protocol comes from %q", origin)
	}
	var out strings.Builder
	if err := f.WriteEffective(&out); err != nil {
		t.Fatal(err)
	}
	if _, err := Parse("effective", []byte(out.String())); err != nil {
		t.Errorf("what is told is refused: %v", err)
	}
}

func TestWhatDoesNotFitThriftIsRefused(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"key of HTTP", `upstream = "users"`, "upstream = \"users\"\nmax_header_bytes = 4096", `c.toml:7: listener "users": max_header_bytes: means nothing with protocol "thrift": leave it out`},
		{"filter", `[listener.thrift]`, "[[listener.filter]]\nremove_reply = [\"Server\"]\n[listener.thrift]", `listener "users": filter: means nothing with protocol "thrift"`},
		{"cache of a route", `upstream = "admin"`, "upstream = \"admin\"\ncache = false", `route[0].cache: means nothing with protocol "thrift"`},
		{"path of a route", `service = "Admin",`, `path_prefix = "/",`, `route[0].match.path_prefix: means nothing with protocol "thrift"`},
		{"thrift on http", `protocol = "thrift"`, `protocol = "http"`, `listener "users": thrift: means nothing with protocol "http"`},
		{"transport", `transport = "framed"`, `transport = "buffered"`, `transport: expected one of "auto", "framed", "unframed", "header", "mux", got "buffered"`},
		{"frame", `max_frame = "1MiB"`, `max_frame = "1GiB"`, `max_frame: expected a size from 1KiB to 256MiB`},
		{"lax in a header", `"compact"`, `"lax"`, `transport "header" carries "binary" and "compact", and no "lax"`},
		{"oneway", `"Log:tell"`, `"Log: tell"`, `upstream.admin.thrift.oneway[0]: expected a name of 1 to 256 characters without space and colon, got " tell"`},
		{"auto upstream", `"compact"`, `"auto"`, `upstream.admin.thrift.protocol: expected one of "binary", "compact", "lax", got "auto"`},
		{"another protocol behind", `discover = "tcp://127.0.0.1:2"`, "discover = \"tcp://127.0.0.1:2\"\nprotocol = \"http\"", `they do not understand each other`},
		{"answer of HTTP", `[upstream.admin]`, "[upstream.users.fallback]\nstatus = 503\n[upstream.admin]", `upstream.users.fallback.status: means nothing with protocol "thrift"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := strings.Replace(thriftFile, c.old, c.new, 1)
			_, err := Parse("c.toml", []byte(src))
			var invalid *Invalid
			if !errors.As(err, &invalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

const typedFile = `
[[listener]]
name = "web"
address = "127.0.0.1:8080"
upstream = "users"
[upstream.users]
protocol = "thrift"
discover = "tcp://127.0.0.1:1"
[upstream.users.thrift]
idl = "users.thrift"
exceptions = { NotFound = "success", Busy = "overload", default = "failure" }
multiplexed = true
max_json = "2MiB"
`

func TestInterfaceFilesAreRead(t *testing.T) {
	f, err := Parse("c.toml", []byte(typedFile))
	if err != nil {
		t.Fatal(err)
	}
	want := Interface{
		Path: "users.thrift", Exceptions: map[string]string{"NotFound": ClassSuccess, "Busy": ClassOverload}, Other: ClassFailure,
		Multiplexed: true, MaxJSON: 2 << 20,
	}
	if got := f.Upstreams[0].Thrift.IDL; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	var out strings.Builder
	if err := f.WriteEffective(&out); err != nil {
		t.Fatal(err)
	}
	if _, err := Parse("effective", []byte(out.String())); err != nil {
		t.Errorf("what is told is refused: %v", err)
	}
}

func TestWhatDoesNotFitInterfaceFilesIsRefused(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"class", `"overload"`, `"shed"`, `exceptions.Busy: expected one of "client_error", "failure", "overload", "success", got "shed"`},
		{"no file", `idl = "users.thrift"`, ``, `c.toml:11: upstream.users.thrift.exceptions: means nothing without an interface file: set idl`},
		{"no file, JSON", "idl = \"users.thrift\"\nexceptions = { NotFound = \"success\", Busy = \"overload\", default = \"failure\" }\nmultiplexed = true\nmax_json = \"2MiB\"",
			``, `the listener speaks http and upstream "users" thrift: they do not understand each other; with its interface file (thrift.idl), clients may send JSON`},
		{"large JSON", `"2MiB"`, `"1GiB"`, `max_json: expected a size from 1KiB to 64MiB`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("c.toml", []byte(strings.Replace(typedFile, c.old, c.new, 1)))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
