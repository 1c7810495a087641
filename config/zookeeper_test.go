package config

import (
	"strings"
	"testing"
	"time"
)

const announcing = small + `
[zookeeper.main]
servers = "zk1:2181,zk2:2181"
session_timeout = "5s"
auth = { env = "ZK_AUTH" }
tls = true
tls_ca = "/etc/ca.pem"
[zookeeper.other]
servers = "z:1"
auth = { file = "/run/secret" }
[[announce]]
name = "web"
to = "zk://zk1/services/web"
address = "10.0.0.5:80"
additional = { admin = "10.0.0.5:9990", b = "10.0.0.5:1" }
shard = 3
check = "http"
[[announce]]
name = "cache"
to = "zk://zk1/services/cache"
address = "10.0.0.5:6379"
check = "redis"
check_address = "unix:/run/redis.sock"
`

func TestZooKeeperAndAnnouncementsAreRead(t *testing.T) {
	f, err := Parse("c.toml", []byte(announcing))
	if err != nil {
		t.Fatal(err)
	}
	if z := f.ZooKeepers[0]; z.Servers != "zk1:2181,zk2:2181" || z.SessionTimeout != 5*time.Second || z.Auth.Env != "ZK_AUTH" || !z.TLS || z.TLSCA != "/etc/ca.pem" {
		t.Errorf("got %+v", z)
	}
	if z := f.ZooKeepers[1]; z.SessionTimeout != 10*time.Second || z.Auth.File != "/run/secret" || z.TLS {
		t.Errorf("got %+v", z)
	}
	if a := f.Announces[0]; a.CheckAddress != "10.0.0.5:80" || len(a.Additional) != 2 || a.Additional[0] != (Additional{"admin", "10.0.0.5:9990"}) || a.Shard != 3 || a.Rise != 2 || a.Fall != 3 {
		t.Errorf("got %+v", a)
	}
	if a := f.Announces[1]; a.CheckAddress != "unix:/run/redis.sock" || a.Shard != -1 || a.Check != CheckRedis {
		t.Errorf("got %+v", a)
	}
	sameAgain(t, f)
}

func TestZooKeeperAndAnnouncementsThatCannotBeMeantAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ src, want string }{
		"a secret in the file":    {"[zookeeper.z]\nservers = \"z:1\"\nauth = \"me:hunter2\"", "zookeeper.z.auth: expected { env ="},
		"two places of a secret":  {"[zookeeper.z]\nservers = \"z:1\"\nauth = { env = \"A\", file = \"/b\" }", "env or file, not both"},
		"a relative file":         {"[zookeeper.z]\nservers = \"z:1\"\nauth = { file = \"b\" }", "expected an absolute path"},
		"half a certificate":      {"[zookeeper.z]\nservers = \"z:1\"\ntls = true\ntls_cert = \"/c\"", "set together"},
		"TLS without TLS":         {"[zookeeper.z]\nservers = \"z:1\"\ntls_ca = \"/c\"", "set tls = true"},
		"no servers":              {"[zookeeper.z]\n", "zookeeper.z.servers: missing"},
		"a misspelt key":          {"[zookeeper.z]\nserver = \"z:1\"", `did you mean "servers"`},
		"a check of no protocol":  {"[[announce]]\nname = \"a\"\nto = \"zk://z/a\"\naddress = \"a:1\"\ncheck = \"kafka\"", `expected one of "tcp", "http", "redis", "thrift", "none"`},
		"two of a name":           {"[[announce]]\nname = \"a\"\nto = \"zk://z/a\"\naddress = \"a:1\"\n[[announce]]\nname = \"a\"\nto = \"zk://z/b\"\naddress = \"a:1\"", "is already the name of"},
		"nowhere":                 {"[[announce]]\nname = \"a\"\naddress = \"a:1\"", "to: missing"},
		"a check without a place": {"[[announce]]\nname = \"a\"\nto = \"zk://z/a\"\naddress = \"a:1\"\ncheck_address = \"x\"", `check_address: expected "host:port"`},
	} {
		_, err := Parse("c.toml", []byte(small+c.src))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v does not say %q", name, err, c.want)
		}
	}
}
