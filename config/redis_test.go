package config

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

const redisFile = `
[[listener]]
name = "sessions"
protocol = "redis"
address = "127.0.0.1:6379"
upstream = "one"
[listener.redis]
password = { env = "LOCAL" }
allow = ["@read", "SET", "client|setname"]
mirror = "shards"
[[listener.route]]
match = { command = "GETEX", key_prefix = "user:", client = "10.0.0.7" }
upstream = "watched"
mirror = "cluster"
[upstream.one]
discover = "tcp://127.0.0.1:1"
[upstream.one.redis]
password = { file = "/run/secrets/redis" }
database = 3
[upstream.one.operation.GET]
timeout = "50ms"
[upstream.shards]
discover = "tcp://127.0.0.1:1,127.0.0.1:2"
redis = { topology = "sharded", hash = "murmur", hash_tag = "{}" }
[upstream.watched]
discover = "tcp://127.0.0.1:26379"
redis = { topology = "sentinel", master = "m", read = "any", refresh = "5s" }
[upstream.cluster]
discover = "tcp://127.0.0.1:7000"
redis = { topology = "cluster" }
tls = { ca = "/etc/ca.pem", server_name = "redis.internal" }
`

func TestRedisIsRead(t *testing.T) {
	f, err := Parse("c.toml", []byte(redisFile))
	if err != nil {
		t.Fatal(err)
	}
	l := f.Listeners[0]
	want := RedisClients{
		RESP3: true, Password: Secret{Env: "LOCAL"}, MaxRequest: 64 << 20,
		Allow: []string{"@read", "set", "client|setname"}, Deny: []string{}, AllowKeys: []string{}, DenyKeys: []string{}, Mirror: "shards",
	}
	if !reflect.DeepEqual(l.Redis, want) {
		t.Errorf("listener\ngot  %+v\nwant %+v", l.Redis, want)
	}
	if r := l.Routes[0]; !reflect.DeepEqual(r.Match, Match{Command: "getex", KeyPrefix: "user:", Client: "10.0.0.7"}) || r.Mirror != "cluster" {
		t.Errorf("route %+v", r)
	}
	plain := Redis{Topology: RedisSingle, Connections: 1, MaxReply: 64 << 20, Read: RedisReadMaster, MGetErrors: RedisWhole}
	with := func(change func(*Redis)) Redis {
		r := plain
		change(&r)
		return r
	}
	for name, want := range map[string]Redis{
		"one": with(func(r *Redis) { r.Password, r.Database = Secret{File: "/run/secrets/redis"}, 3 }),
		"shards": with(func(r *Redis) {
			r.Topology, r.Sharding = RedisSharded, Sharding{Distribution: RedisKetama, Hash: "murmur", Tag: "{}"}
		}),
		"watched": with(func(r *Redis) {
			r.Topology, r.Sentinel, r.Read, r.Refresh = RedisSentinel, Sentinel{Master: "m"}, RedisReadAny, 5*time.Second
		}),
		"cluster": with(func(r *Redis) { r.Topology, r.Refresh = RedisCluster, time.Minute }),
	} {
		for _, u := range f.Upstreams {
			if u.Name == name && (u.Protocol != ProtocolRedis || u.Redis != want) {
				t.Errorf("%s: %s\ngot  %+v\nwant %+v", name, u.Protocol, u.Redis, want)
			}
		}
	}
	if u := f.Upstreams[0]; u.TLS != (TLS{Enabled: true, CA: "/etc/ca.pem", ServerName: "redis.internal"}) {
		t.Errorf("TLS %+v", u.TLS)
	}
	if u := f.Upstreams[1]; u.Operations[0].Name != "get" {
		t.Errorf("operation %q: the names of commands have no case", u.Operations[0].Name)
	}
	var out strings.Builder
	if err := f.WriteEffective(&out); err != nil {
		t.Fatal(err)
	}
	again, err := Parse("effective", []byte(out.String()))
	if err != nil {
		t.Fatalf("what is told is refused: %v", err)
	}
	for i, u := range again.Upstreams {
		if u.Redis != f.Upstreams[i].Redis || u.TLS != f.Upstreams[i].TLS {
			t.Errorf("%s is told as %+v %+v", u.Name, u.Redis, u.TLS)
		}
	}
}

func TestRedisKeysThatDoNotFitAreRefused(t *testing.T) {
	for _, row := range []struct{ name, old, text, want string }{
		{"a password in the file", `{ env = "LOCAL" }`, `"secret"`, "a secret does not stand in this file"},
		{"a user without a password", `password = { env = "LOCAL" }`, `username = "u"`, "username has no effect without a password"},
		{"shards of one", "database = 3", "hash = \"md5\"", `means nothing with topology "single"`},
		{"a master of a cluster", `{ topology = "cluster" }`, `{ topology = "cluster", master = "m" }`, `means nothing with topology "cluster"`},
		{"a database of a cluster", `{ topology = "cluster" }`, `{ topology = "cluster", database = 1 }`, "database 0 only"},
		{"replicas of one", "database = 3", "read = \"any\"", "without replicas"},
		{"no master", `master = "m", `, "", "the name that the Sentinels know the master by"},
		{"a long tag", `"{}"`, `"<<>>"`, "expected two characters"},
		{"an unknown hash", "murmur", "murmer", `did you mean "murmur"?`},
		{"slots by another hash", `hash = "murmur"`, `hash = "murmur", distribution = "slot"`, "leave hash out"},
		{"a command with a space", `command = "GETEX"`, `command = "CLIENT LIST"`, "expected a command"},
		{"a category in a route", `command = "GETEX"`, `command = "@read"`, "expected one command"},
		{"a path of Redis", `command = "GETEX"`, `path_prefix = "/"`, `means nothing with protocol "redis"`},
		{"a mirror that is not there", `mirror = "cluster"`, `mirror = "clusters"`, `there is no upstream "clusters"`},
		{"a cache of Redis", `[listener.redis]`, "cache = { mode = \"on\" }\n[listener.redis]", `means nothing with protocol "redis"`},
		{"one command twice", "[upstream.shards]", "[upstream.one.operation.get]\n[upstream.shards]", "case does not matter"},
		{"an operation of HTTP", "operation.GET", `operation."GET /"`, "expected a command"},
		{"half a certificate", `ca = "/etc/ca.pem"`, `cert = "/etc/c.pem"`, "cert and key are set together"},
		{"TLS that is off", `ca = "/etc/ca.pem"`, `enabled = false, ca = "/etc/ca.pem"`, "set enabled = true"},
		{"authorities that are not asked", `ca = "/etc/ca.pem"`, `ca = "/etc/ca.pem", insecure_skip_verify = true`, "ca has no effect"},
	} {
		t.Run(row.name, func(t *testing.T) {
			text := strings.Replace(redisFile, row.old, row.text, 1)
			_, err := Parse("c.toml", []byte(text))
			var bad *Invalid
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
}

func TestTLSThatBelievesAnybodyIsNoted(t *testing.T) {
	f, err := Parse("c.toml", []byte(strings.Replace(redisFile, `ca = "/etc/ca.pem"`, "insecure_skip_verify = true", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Notes) != 1 || !strings.Contains(f.Notes[0], "no certificate is verified") {
		t.Errorf("notes %q", f.Notes)
	}
}
