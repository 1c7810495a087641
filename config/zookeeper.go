package config

import (
	"path"
	"strings"
	"time"
)

const (
	maxZooKeepers   = 64
	maxAnnouncement = 64
	maxAdditional   = 64 // endpoints of one announcement
	maxChecks       = 100
	maxShard        = 1 << 30
)

// ZooKeeper says how the ensemble of some servers is spoken to.
type ZooKeeper struct {
	Key            string // "zookeeper.main", for File.ProblemAt
	Name           string
	Servers        string        // "host:port,host:port"; only that it is there has been checked
	SessionTimeout time.Duration // > 0
	Auth           Secret        // "user:password" for the digest scheme; zero = none
	TLS            bool
	TLSCA          string // PEM file; "" = the system's
	TLSCert        string // PEM files; both or none
	TLSKey         string
	TLSName        string // that the server's certificate must have; "" = the host's
}

// Secret says where a secret is to be had; at most one of the two is set.
type Secret struct {
	Env  string // name of a variable of the environment
	File string // path of a file, whose last line end does not count
}

// Announce is a local service that is registered in ZooKeeper.
type Announce struct {
	Key          string // "announce[0]", for File.ProblemAt
	Name         string // unique
	To           string // zk:// URI of the path; only that it is there has been checked
	Address      string // "host:port" that others reach the service at
	Additional   []Additional
	Shard        int    // -1 = none
	Check        string // one of the Check names
	CheckAddress string // "host:port" or "unix:/path"; Address unless given
	CheckPath    string // of an HTTP check
	// CheckMethod is what a Thrift check calls, in this encoding.
	CheckMethod, CheckTransport, CheckProtocol string
	Interval                                   time.Duration // > 0
	Timeout                                    time.Duration // > 0
	Rise, Fall                                 int           // at least 1
}

// Additional is a further endpoint of an announced service.
type Additional struct{ Name, Address string }

// What an announced service is asked.
const (
	CheckTCP    = "tcp"
	CheckHTTP   = "http"
	CheckThrift = "thrift"
	CheckRedis  = "redis"
	CheckNone   = "none"
)

func zooKeepers(root *table) []ZooKeeper {
	var all []ZooKeeper
	root.each("zookeeper", maxZooKeepers, func(name string, t *table) {
		if err := checkName(name); err != nil {
			t.r.problem(t.line, t.key, "%v", err)
		}
		all = append(all, zooKeeper(name, t))
	})
	return all
}

func zooKeeper(name string, t *table) ZooKeeper {
	defer t.done()
	z := ZooKeeper{
		Key: t.key, Name: name,
		Servers:        t.mustText("servers", `the servers as in the zk:// URIs that this is for, such as "zk1:2181,zk2:2181"`, nil),
		SessionTimeout: t.span("session_timeout", "10s", ""),
		Auth:           t.secret("auth"),
		TLS:            t.flag("tls", false),
		TLSCA:          t.text("tls_ca", "", checkFile),
		TLSCert:        t.text("tls_cert", "", checkFile),
		TLSKey:         t.text("tls_key", "", checkFile),
		TLSName:        t.text("tls_name", "", nil),
	}
	t.cross((z.TLSCert == "") == (z.TLSKey == ""), "tls_cert", "tls_key", "tls_cert and tls_key are set together or not at all")
	t.cross(z.TLS || z.TLSCA+z.TLSCert+z.TLSName == "", "tls_ca", "tls", "tls is false, so tls_ca, tls_cert and tls_name have no effect: set tls = true")
	return z
}

// secret asks for the place of a secret. The secret itself is refused: this
// file is shown by check and on the admin port.
func (t *table) secret(name string) Secret {
	f := t.at(name)
	if _, text := f.value.(string); text {
		t.asked = append(t.asked, name)
		f.fail(`expected { env = "NAME" } or { file = "/path" }: a secret does not stand in this file, which is shown on the admin port`)
		return Secret{}
	}
	sub := t.table(name)
	sub.silent = true
	defer sub.done()
	s := Secret{Env: sub.text("env", "", nil), File: sub.text("file", "", checkFile)}
	if s.Env != "" && s.File != "" {
		f.fail("expected env or file, not both")
	}
	f.settle(s.literal(), byDefault)
	return s
}

func (s Secret) literal() string {
	switch {
	case s.Env != "":
		return "{ env = " + quote(s.Env) + " }"
	case s.File != "":
		return "{ file = " + quote(s.File) + " }"
	}
	return "{ }"
}

// checkFile is for paths of files that are read; a relative one would depend
// on where the process was started.
func checkFile(s string) error {
	if s != "" && (!path.IsAbs(s) || strings.ContainsRune(s, 0)) {
		return complain("expected an absolute path, got %s", shown(s))
	}
	return nil
}

func announces(root *table) []Announce {
	var all []Announce
	first := map[string]string{}
	for _, t := range root.list("announce", maxAnnouncement) {
		a := announce(t)
		if other, taken := first[a.Name]; taken && a.Name != "" {
			t.at("name").fail("%s is already the name of %s (line %d): set another", shown(a.Name), other, t.r.lineOf(other))
		} else {
			first[a.Name] = a.Key
		}
		all = append(all, a)
	}
	return all
}

func announce(t *table) Announce {
	defer t.done()
	a := Announce{
		Key:        t.key,
		Name:       t.mustText("name", `a name of its own, such as "web"`, checkName),
		To:         t.mustText("to", `a path in ZooKeeper, such as "zk://zk1:2181,zk2:2181/services/web"`, nil),
		Address:    t.mustText("address", `the "host:port" that others reach the service at`, nil),
		Additional: additional(t),
		Shard:      t.count("shard", -1, -1, maxShard),
		Check:      t.choose("check", CheckTCP, choice{names: []string{CheckTCP, CheckHTTP, CheckRedis, CheckThrift, CheckNone}}),
	}
	a.CheckAddress = checkedAt(t, a.Address)
	a.CheckPath = t.text("check_path", "/", checkPathPrefix)
	a.CheckMethod = t.text("check_method", "ping", checkThriftMethod)
	a.CheckTransport = t.choose("check_transport", "framed", choice{names: []string{"framed", "unframed"}})
	a.CheckProtocol = t.choose("check_protocol", "binary", choice{names: []string{"binary", "compact", "lax"}})
	a.Interval = t.span("interval", "2s", "")
	a.Timeout = t.span("timeout", "1s", "")
	a.Rise = t.count("rise", 2, 1, maxChecks)
	a.Fall = t.count("fall", 3, 1, maxChecks)
	return a
}

// checkedAt is where the service is checked: on this machine there may be a
// nearer address than the one that others use.
func checkedAt(t *table, announced string) string {
	f := t.field("check_address")
	if !f.set {
		f.settle(quote(announced), joinKey(t.key, "address"))
		return announced
	}
	s := f.text(checkAddress)
	f.settle(quote(s), byDefault)
	return s
}

// additional reads the further endpoints.
func additional(t *table) []Additional {
	var all []Additional
	for _, p := range t.pairs("additional", maxAdditional, checkName, nil) {
		all = append(all, Additional{p.name, p.value})
	}
	return all
}
