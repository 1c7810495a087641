package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// ask sends one command and fails the test where there is no reply.
func (c *redisClient) ask(t testing.TB, words ...string) string {
	t.Helper()
	v, err := c.cmd(words...)
	if err != nil {
		t.Fatalf("%s: %v", words[0], err)
	}
	return fmt.Sprint(v)
}

// redisTo is a client that is closed with the test.
func redisTo(t testing.TB, address string, first ...string) *redisClient {
	c := &redisClient{address: address, first: first}
	t.Cleanup(c.close)
	return c
}

// certificates are PEM files of an authority, and of a certificate by it for
// "redis.test", which serves for either side.
func certificates(t *testing.T) (ca, cert, key string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	issue := func(serial int64, name string, above *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
		own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		c := &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, BasicConstraintsValid: true,
		}
		if above == nil {
			above, by, c.IsCA, c.KeyUsage = c, own, true, x509.KeyUsageCertSign
		}
		if c.Raw, err = x509.CreateCertificate(rand.Reader, c, above, &own.PublicKey, by); err != nil {
			t.Fatal(err)
		}
		return c, own
	}
	root, rootKey := issue(1, "authority", nil, nil)
	leaf, leafKey := issue(2, "redis.test", root, rootKey)
	der, err := x509.MarshalECPrivateKey(leafKey)
	if err != nil {
		t.Fatal(err)
	}
	return write("ca.pem", "CERTIFICATE", root.Raw), write("cert.pem", "CERTIFICATE", leaf.Raw), write("key.pem", "EC PRIVATE KEY", der)
}

// A server that speaks TLS alone, wants a certificate of its clients and knows a
// user, behind a sidecar that asks its own clients for another password.
func TestRedisThroughTLSAndPasswordsOnBothSides(t *testing.T) {
	ca, cert, key := certificates(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("inner\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(freeAddress(t))
	b := redisPlain(t, "--tls-port", port, "--tls-ca-cert-file", ca, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-auth-clients", "yes",
		"--user", "app", "on", ">inner", "~*", "&*", "+@all", "--user", "default", "off")
	t.Setenv("OUTER", "outer")
	c := conf{
		protocol: "redis", discover: "127.0.0.1:" + port,
		listener: "[listener.redis]\npassword = { env = \"OUTER\" }\nusername = \"local\"",
		upstream: fmt.Sprintf("[upstream.web.redis]\nusername = \"app\"\npassword = { file = %q }\n"+
			"[upstream.web.tls]\nca = %q\ncert = %q\nkey = %q\nserver_name = \"redis.test\"", secret, ca, cert, key),
	}
	p := start(t, "", c)
	if got := redisTo(t, p.port).ask(t, "GET", "a"); !strings.HasPrefix(got, "NOAUTH") {
		t.Errorf("without a password: %s", got)
	}
	if got := redisTo(t, p.port).ask(t, "AUTH", "inner"); !strings.HasPrefix(got, "WRONGPASS") {
		t.Errorf("with the server's password: %s", got)
	}
	for _, login := range []string{"AUTH outer", "AUTH local outer", "AUTH default outer", "HELLO 3 AUTH local outer"} {
		k := redisTo(t, p.port, login)
		value := strings.Repeat("v", 300<<10) // over a connection of its own
		if got := k.ask(t, "SET", "a", value); got != "OK" {
			t.Fatalf("%s: SET: %.80s", login, got)
		}
		if got := k.ask(t, "GET", "a"); got != value {
			t.Errorf("%s: GET: %d bytes of %d", login, len(got), len(value))
		}
		if got := k.ask(t, "INCR", "n"); got != fmt.Sprint(strings.Count("x", "x")) && login == "AUTH outer" {
			t.Errorf("%s: INCR: %s", login, got)
		}
	}
	if n := strings.Count(b.log.String(), "Error accepting"); n > 0 {
		t.Errorf("the server refused %d connections: %s", n, b.log.String())
	}

	// Another password is read with a reload, and told if it is wrong.
	if err := os.WriteFile(secret, []byte("wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.reload(c, "configuration reloaded")
	k := redisTo(t, p.port, "AUTH outer")
	b.t.Logf("with a connection that there is: %s", k.ask(t, "GET", "n"))
	_, config := p.admin.get("/config")
	for _, text := range []string{"inner", "outer"} {
		if strings.Contains(config, text) && !strings.Contains(secret, text) {
			t.Errorf("/config has the password %q", text)
		}
	}
}

// redisPlain starts a server that cannot be asked what it executes.
func redisPlain(t testing.TB, args ...string) *server {
	t.Helper()
	s := redisCommand(t)
	s.args = append(s.args, args...)
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("redis-server at %s: %s", s.address, clip(s.log.String()))
		}
	})
	s.start()
	return s
}

// What is wrong between the sidecar and a server reads well for whoever has to
// mend it: the client, the log of the try in /why.
func TestWhatIsWrongWithAServerIsTold(t *testing.T) {
	ca, cert, key := certificates(t)
	_, port, _ := net.SplitHostPort(freeAddress(t))
	inTLS := redisPlain(t, "--tls-port", port, "--tls-ca-cert-file", ca, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-auth-clients", "no")
	locked := redisPlain(t, "--requirepass", "secret")
	t.Setenv("WRONG", "wrong")
	web := nginx(t, "")
	for _, row := range []struct{ name, discover, upstream, client, why string }{
		{"no password", locked.address, "", "the backend refuses", "the server wants a password"},
		{"a wrong password", locked.address, "[upstream.web.redis]\npassword = { env = \"WRONG\" }", "WRONGPASS", "see username and password"},
		{"a database too far", inTLS.address, "[upstream.web.redis]\ndatabase = 99", "DB index is out of range", "see database"},
		{"an unknown authority", "127.0.0.1:" + port, "[upstream.web.tls]\nserver_name = \"redis.test\"", "connect_failed", "set tls.ca"},
		{"another name", "127.0.0.1:" + port, fmt.Sprintf("[upstream.web.tls]\nca = %q", ca), "connect_failed", "set tls.server_name"},
		{"no TLS there", locked.address, fmt.Sprintf("[upstream.web.tls]\nca = %q", ca), "", "does the endpoint speak TLS"},
		{"TLS there", "127.0.0.1:" + port, "", "", ""},
		{"a web server", web.address, "", "bad_reply", "is it a Redis server?"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := start(t, "", conf{protocol: "redis", discover: row.discover, upstream: "timeout = \"2s\"\nretry.max_retries = 0\n" + row.upstream})
			got := redisTo(t, p.port).ask(t, "GET", "a")
			t.Logf("the client is told: %s", got)
			if !strings.HasPrefix(got, "ERR sidecar: ") || !strings.Contains(got, row.client) {
				t.Errorf("the client is told %s, want %q", got, row.client)
			}
			_, text := p.admin.get("/why")
			if !strings.Contains(text, row.why) {
				t.Errorf("/why does not tell %q: %s", row.why, text)
			}
		})
	}
}

// Routes by command, key and client; what a listener's clients may do; keys in
// /why, never values.
func TestRedisRoutesAndRules(t *testing.T) {
	main, users, reads := redisPlain(t), redisPlain(t), redisPlain(t)
	c := conf{
		protocol: "redis", discover: main.address,
		listener: `[listener.redis]
deny = ["@dangerous", "lpush"]
deny_keys = ["secret:"]
[[listener.route]]
match = { key_prefix = "user:" }
upstream = "users"
[[listener.route]]
match = { command = "STRLEN", client = "127.0.0.1" }
upstream = "reads"`,
		more: fmt.Sprintf("[upstream.users]\ndiscover = \"tcp://%s\"\n[upstream.reads]\ndiscover = \"tcp://%s\"\n", users.address, reads.address),
	}
	p := start(t, "", c)
	k := redisTo(t, p.port)
	for _, key := range []string{"a", "user:1"} {
		if got := k.ask(t, "SET", key, key); got != "OK" {
			t.Fatal(got)
		}
	}
	redisTo(t, reads.address).ask(t, "SET", "a", "longer")
	for _, row := range []struct{ what, got, want string }{
		{"user:1 at users", redisTo(t, users.address).ask(t, "GET", "user:1"), "user:1"},
		{"user:1 at main", redisTo(t, main.address).ask(t, "GET", "user:1"), "<nil>"},
		{"a at main", redisTo(t, main.address).ask(t, "GET", "a"), "a"},
		{"STRLEN", k.ask(t, "STRLEN", "a"), "6"},
		{"a denied category", k.ask(t, "FLUSHALL"), "NOPERM"},
		{"a denied command", k.ask(t, "LPUSH", "l", "1"), "NOPERM"},
		{"a denied key", k.ask(t, "GET", "secret:1"), "NOPERM"},
		{"a key among others", k.ask(t, "MGET", "a", "secret:1"), "NOPERM"},
	} {
		if !strings.HasPrefix(row.got, row.want) {
			t.Errorf("%s: %s, want %s", row.what, row.got, row.want)
		}
	}
	// One burst for three upstreams, in order.
	k.send(wireOf("SET", "b", "1") + wireOf("SET", "user:2", "2") + wireOf("STRLEN", "a") + wireOf("GET", "user:2") + wireOf("LPUSH", "l", "x") + wireOf("GET", "b"))
	for i, want := range []string{"OK", "OK", "6", "2", "NOPERM", "1"} {
		if v, err := k.reply(); err != nil || !strings.HasPrefix(fmt.Sprint(v), want) {
			t.Errorf("reply %d: %v %v, want %s", i, v, err, want)
		}
	}

	users.kill()
	if got := k.ask(t, "SET", "user:3", "top-secret"); !strings.HasPrefix(got, "ERR sidecar: ") {
		t.Errorf("with its server gone: %s", got)
	}
	_, text := p.admin.get("/why?upstream=users")
	if !strings.Contains(text, `"operation": "set"`) || !strings.Contains(text, "user:3") || strings.Contains(text, "top-secret") {
		t.Errorf("/why has no command and key, or has a value: %s", text)
	}
	c.listener = strings.Replace(c.listener, "[listener.redis]", "[listener.redis]\nmask_keys = true", 1)
	c.listener = strings.Replace(c.listener, `"lpush"`, `"rpush"`, 1)
	p.reload(c, "configuration reloaded")
	k.ask(t, "SET", "user:masked", "x")
	if _, text := p.admin.get("/why?upstream=users"); strings.Contains(text, "user:masked") {
		t.Errorf("/why has a key that is masked: %s", text)
	}
	if got := k.ask(t, "LPUSH", "l", "1"); got != "1" {
		t.Errorf("what a reload allows: %s", got)
	}
	if got := k.ask(t, "RPUSH", "l", "1"); !strings.HasPrefix(got, "NOPERM") {
		t.Errorf("what a reload denies: %s", got)
	}
}

// Writes are copied once they succeed; the copy's target may be gone, and nobody
// waits for it.
func TestRedisMirror(t *testing.T) {
	main, copied := redisPlain(t), redisPlain(t)
	p := start(t, "", conf{
		protocol: "redis", discover: main.address, listener: "[listener.redis]\nmirror = \"copy\"",
		more: fmt.Sprintf("[upstream.copy]\ndiscover = \"tcp://%s\"\n", copied.address),
	})
	k := redisTo(t, p.port)
	k.ask(t, "SET", "text", "x")
	if got := k.ask(t, "INCR", "text"); !strings.HasPrefix(got, "ERR value is not an integer") {
		t.Error(got)
	}
	const n = 1000
	var burst strings.Builder
	for range n {
		burst.WriteString(wireOf("INCR", "n") + wireOf("GET", "n") + wireOf("INCR", "text"))
	}
	k.send(burst.String())
	for range 3 * n {
		if _, err := k.reply(); err != nil {
			t.Fatal(err)
		}
	}
	there := redisTo(t, copied.address)
	await(t, "the copies", func() bool { return there.ask(t, "GET", "n") == fmt.Sprint(n) })
	if sent := p.admin.sum("sidecar.redis.mirrored", ""); sent != n+1 {
		t.Errorf("%v copies of %d writes that succeeded", sent, n+1)
	}
	if got := there.ask(t, "GET", "text"); got != "x" {
		t.Errorf("text is %s", got)
	}
	copied.kill()
	for i := range 100 {
		if got := k.ask(t, "SET", fmt.Sprint("k", i), "v"); got != "OK" {
			t.Fatalf("with the copy's target gone: %s", got)
		}
	}
	await(t, "copies that failed", func() bool { return p.admin.sum("sidecar.redis.mirror_errors", "") > 0 })
}

// Keys over shards, and where they go when one of them is ejected.
func TestRedisShards(t *testing.T) {
	one, two, three := redisPlain(t), redisPlain(t), redisPlain(t)
	shards := []*server{one, two, three}
	p := start(t, "", conf{
		protocol: "redis", discover: strings.Join([]string{one.address, two.address, three.address}, ","),
		upstream: "retry.max_retries = 0\nbreaker.consecutive_failures = 1\n[upstream.web.redis]\ntopology = \"sharded\"\nauto_eject = true\nhash_tag = \"{}\"",
	})
	k := redisTo(t, p.port)
	const n = 300
	words := []string{"MSET"}
	keys := []string{"MGET"}
	for i := range n {
		words = append(words, shardKey(i), fmt.Sprint("v", i))
		keys = append(keys, shardKey(i))
	}
	if got := k.ask(t, words...); got != "OK" {
		t.Fatal(got)
	}
	var want []string
	for i := range n {
		want = append(want, fmt.Sprint("v", i))
	}
	if got := k.ask(t, keys...); got != fmt.Sprint(want) {
		t.Errorf("MGET over shards: %.200s", got)
	}
	if got := k.ask(t, "DBSIZE"); got != fmt.Sprint(n) {
		t.Errorf("DBSIZE of all: %s", got)
	}
	for _, s := range shards {
		size := redisTo(t, s.address).ask(t, "DBSIZE")
		t.Logf("%s keys at %s", size, s.address)
		if size == "0" || size == fmt.Sprint(n) {
			t.Errorf("%s has %s of %d keys", s.address, size, n)
		}
	}
	crossed := 0
	for i := range 20 {
		if got := k.ask(t, "RENAMENX", shardKey(i), shardKey(i+100)); strings.HasPrefix(got, "CROSSSLOT") {
			crossed++
		} else if got != "0" {
			t.Errorf("RENAMENX: %s", got)
		}
	}
	if crossed == 0 || crossed == 20 {
		t.Errorf("%d of 20 renames would be across shards", crossed)
	}
	if got := k.ask(t, "RENAME", "{k1}", "{k1}b"); !strings.HasPrefix(got, "ERR no such key") {
		t.Errorf("RENAME of keys with one tag: %s", got)
	}
	two.kill()
	await(t, "every key at the shards that are left", func() bool {
		for i := range n {
			if got := k.ask(t, "SET", shardKey(i), "again"); got != "OK" {
				return false
			}
		}
		return true
	})
}

// shardKey is the key of a number. The hash that is usual with twemproxy tells
// keys badly apart that differ in their last bytes only.
func shardKey(i int) string { return fmt.Sprintf("%08x", uint32(i)*2654435761) }

// Clients with pipelines of values that bear their names, through one shared
// connection, while some of them leave without reading: nobody gets what is
// another's, and the order stays.
func TestRedisPipelinesAreKeptApart(t *testing.T) {
	b := redisPlain(t)
	p := start(t, "", conf{protocol: "redis", discover: b.address})
	const clients, rounds, depth = 50, 40, 20
	var work sync.WaitGroup
	for i := range clients {
		work.Go(func() {
			c := redisTo(t, p.port)
			if i%3 == 0 {
				c.first = []string{"HELLO 3"}
			}
			for round := range rounds {
				var text strings.Builder
				var want []string
				for d := range depth {
					value := fmt.Sprintf("%d-%d-%d-%s", i, round, d, strings.Repeat("x", (i*d*7)%3000))
					key := fmt.Sprint("c", i, "-", d%5)
					text.WriteString(wireOf("SET", key, value) + wireOf("GET", key) + wireOf("ECHO", value) + wireOf("LPOP", key))
					want = append(want, "OK", value, value, "WRONGTYPE")
				}
				cut := text.Len() * (i + 1) / (clients + 1)
				if c.send(text.String()[:cut]) != nil || c.send(text.String()[cut:]) != nil {
					t.Error("cannot send")
					return
				}
				if i%5 == 4 && round%4 == 3 {
					c.close() // with all of its replies under way
					continue
				}
				for n, w := range want {
					v, err := c.reply()
					if got := fmt.Sprint(v); err != nil || got != w && !(w == "WRONGTYPE" && strings.HasPrefix(got, w)) {
						t.Errorf("client %d, round %d, reply %d: %.60s (%v), want %.60s", i, round, n, got, err, w)
						return
					}
				}
			}
		})
	}
	work.Wait()
	r, _ := p.admin.row(b.address)
	t.Logf("%d clients in RESP2 and RESP3 over %d connections", clients, r.Pool.Size)
	if r.Pool.Size > 3 {
		t.Errorf("%d connections, want one of each version, and one for what binds a client", r.Pool.Size)
	}
}

// Who is under way when the process ends gets its replies; idle ones are let go.
func TestRedisDrain(t *testing.T) {
	b := redisPlain(t)
	p := start(t, "", conf{protocol: "redis", discover: b.address, process: "grace = \"5s\""})
	idle, busy := redisTo(t, p.port), redisTo(t, p.port)
	idle.ask(t, "PING")
	busy.ask(t, "PING")
	b.group(19) // SIGSTOP
	busy.send(wireOf("SET", "a", "1") + wireOf("GET", "a"))
	await(t, "the burst under way", func() bool {
		return p.admin.sum("sidecar.redis.commands", "set") > 0 || p.admin.sum("sidecar.redis.commands", "") > 0
	})
	p.signal(15)
	await(t, "drain", func() bool { return p.log.has("drain") })
	b.group(18) // SIGCONT
	for _, want := range []string{"OK", "1"} {
		if v, err := busy.reply(); err != nil || fmt.Sprint(v) != want {
			t.Errorf("%v %v, want %s", v, err, want)
		}
	}
	if v, err := idle.reply(); err == nil {
		t.Errorf("an idle client was told %v", v)
	}
	<-p.done
	if p.code != 0 {
		t.Errorf("ended with %d", p.code)
	}
}
