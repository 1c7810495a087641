package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sidecar/config"
)

// parsed is a small configuration with more behind it.
func withZooKeeper(t *testing.T, more string) (*config.File, error) {
	t.Helper()
	f, err := config.Parse("c.toml", []byte("[[listener]]\nname = \"l\"\naddress = \"127.0.0.1:0\"\nupstream = \"u\"\n[upstream.u]\ndiscover = \"zk://zk2,zk1:2181/s#http\"\n"+more))
	if err != nil {
		t.Fatal(err)
	}
	return examined(f, "c.toml")
}

const announcing = "[[announce]]\nname = \"a\"\nto = \"zk://z/a\"\naddress = \"10.0.0.5:80\"\n"

func TestZooKeeperSettingsAreThoseOfTheSameServers(t *testing.T) {
	f, err := withZooKeeper(t, "[zookeeper.main]\nservers = \"zk1,zk2\"\nsession_timeout = \"7s\"\nauth = { env = \"NO_SUCH_VARIABLE\" }\ntls = true\ntls_ca = \"/no/such/file\"\n")
	if err != nil || len(f.Notes) > 0 {
		t.Fatalf("%v, notes %q", err, f.Notes)
	}
	e := new(ensembles)
	e.settings.Store(&f.ZooKeepers)
	s := e.of([]string{"zk1:2181", "zk2:2181"})
	if s.SessionTimeout.Seconds() != 7 {
		t.Errorf("got %+v", s)
	}
	if _, err := s.Auth(); err == nil || !strings.Contains(err.Error(), "no NO_SUCH_VARIABLE") {
		t.Errorf("got %v", err)
	}
	if _, err := s.TLS(); err == nil || !strings.Contains(err.Error(), "/no/such/file") {
		t.Errorf("got %v", err)
	}
	if s := e.of([]string{"zk1:2181"}); s.Auth != nil || s.TLS != nil || s.SessionTimeout != 0 {
		t.Errorf("another ensemble has %+v", s)
	}
}

func TestSecretsAreReadFromFilesWithoutTheirLineEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("me:hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := readSecret(config.Secret{File: path}); err != nil || s != "me:hunter2" {
		t.Errorf("got %q, %v", s, err)
	}
}

// A wrong password is found out by ZooKeeper only when a node is asked for, and
// not even then in so many words.
func TestCredentialsThatCannotBeSomeAreToldWithTheirKey(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) config.Secret {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return config.Secret{File: path}
	}
	for _, c := range []struct {
		auth config.Secret
		want string
	}{
		{write("good", "me:a:b\n"), ""},
		{write("half", "hunter2"), `expected "user:password"`},
		{write("nobody", ":hunter2"), `expected "user:password"`},
		{config.Secret{File: filepath.Join(dir, "none")}, "no such file"},
	} {
		text, err := readLogin(config.ZooKeeper{Key: "zookeeper.main", Auth: c.auth})
		switch {
		case c.want == "" && (err != nil || text != "me:a:b"):
			t.Errorf("got %q, %v", text, err)
		case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), "zookeeper.main.auth: ") || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%v does not say %q", err, c.want)
		case err != nil && strings.Contains(err.Error(), "hunter2"):
			t.Errorf("%v tells the secret", err)
		}
	}
}

func TestZooKeeperTablesAndAnnouncementsAreCheckedAgainstEachOther(t *testing.T) {
	for name, c := range map[string]struct{ more, want string }{
		"servers that are none":                 {"[zookeeper.z]\nservers = \"a b\"", "c.toml:8: zookeeper.z.servers: zk: server 1: space"},
		"two tables of one ensemble":            {"[zookeeper.a]\nservers = \"zk1,zk2\"\n[zookeeper.b]\nservers = \"zk2:2181,zk1\"", "zookeeper.b.servers: these are the servers of zookeeper.a, too"},
		"no path":                               {strings.ReplaceAll(announcing, "z/a", "z"), "announce[0].to: discovery: zk: no path"},
		"an endpoint to announce at":            {strings.ReplaceAll(announcing, "z/a", "z/a#b"), `announce[0].to: leave out "#b"`},
		"a prefix that is empty":                {strings.ReplaceAll(announcing, "z/a", "z/a?prefix="), "announce[0].to: expected a name behind ?prefix="},
		"any address":                           {strings.ReplaceAll(announcing, "10.0.0.5", "0.0.0.0"), "no address that others can connect to"},
		"the same twice":                        {announcing + strings.ReplaceAll(announcing, `"a"`, `"b"`), "announces what a announces"},
		"an additional endpoint without a port": {announcing + "additional = { admin = \"x\" }", "additional.admin: missing port"},
	} {
		if _, err := withZooKeeper(t, c.more); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v does not say %q", name, err, c.want)
		}
	}
	f, err := withZooKeeper(t, "[zookeeper.z]\nservers = \"other\"\n")
	if err != nil || len(f.Notes) != 1 || !strings.Contains(f.Notes[0], "no discover and no announcement names these servers") {
		t.Errorf("%v, notes %q", err, f.Notes)
	}
}
