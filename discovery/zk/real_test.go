package zk

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	zklib "github.com/go-zookeeper/zk"

	"sidecar/internal/zoo"
	"sidecar/varz"
)

// short is a session that a test can wait out.
func short([]string) Settings { return Settings{SessionTimeout: time.Second} }

// One ensemble serves all, since its start takes seconds.
func TestWithRealServers(t *testing.T) {
	e := zoo.Start(t, 3)
	c := e.Client()
	number := 0
	// crewed makes a path of its own with two members.
	crewed := func(t *testing.T) (crew, []string) {
		number++
		w := crew{t, c, fmt.Sprintf("/services/s%d", number)}
		e.Make(c, w.path, "")
		return w, []string{w.add("a"), w.add("b")}
	}
	t.Run("a path that is not there is awaited", func(t *testing.T) {
		r := record(t, e.URI("/services/later"), Params{})
		r.fails("there is no node /services/later yet")
		e.Make(c, "/services/later", "")
		w := crew{t, c, "/services/later"}
		node := w.add("a")
		r.wants("a")
		w.remove(node)
		r.wants()
		// A path that goes takes its members with it; one that comes back is
		// followed as before.
		node = w.add("b")
		r.wants("b")
		w.remove(node)
		if err := c.Delete(w.path, -1); err != nil {
			t.Fatal(err)
		}
		r.wants()
		e.Make(c, w.path, "")
		w.add("c")
		r.wants("c")
	})
	t.Run("changed data is followed", func(t *testing.T) {
		w, nodes := crewed(t)
		r := record(t, e.URI(w.path), Params{})
		r.wants("a", "b")
		w.set(nodes[0], at("a", "STOPPING"))
		r.wants("b")
		w.set(nodes[0], at("c", "ALIVE"))
		r.wants("b", "c")
		w.set(nodes[0], at("a", "ALIVE"))
		w.set(nodes[1], "garbage")
		r.wants("a", "b")
		w.addData("garbage from the start")
		w.add("d")
		r.wants("a", "b", "d")
		if n := r.all.p.Registry.Gauge(varz.ZooKeeperMembersRefused, varz.Source{Service: "web"}).Value(); n != 2 {
			t.Errorf("%d refused members are counted, want 2", n)
		}
	})
	t.Run("nerve's nodes, and weights that change", func(t *testing.T) {
		w, _ := crewed(t)
		r := record(t, e.URI(w.path)+"?prefix=", Params{})
		r.wants("a", "b")
		e.Make(c, w.path+"/i-0abc_0000000001", `{"host":"n","port":1,"name":"i-0abc","weight":3}`)
		r.wants("a", "b", "n")
		e.Make(c, w.path+"/vector_1", `{"vector":[{"select":"inet=n:1","weight":0.5,"priority":1},{"select":"inet=a:1","weight":0}]}`)
		r.wants("b", "n")
		w.set(w.path+"/vector_1", `{"vector":[{"select":"inet=n:1","weight":0.5}]}`)
		r.wants("a", "b", "n")
		r.mu.Lock()
		defer r.mu.Unlock()
		if n := r.last[2]; n.Weight != 1.5 || n.Identity != "i-0abc" {
			t.Errorf("got %+v", n)
		}
	})
	t.Run("brokers of Kafka, as they write themselves", func(t *testing.T) {
		broker := func(host, listener string) string {
			return fmt.Sprintf(`{"listener_security_protocol_map":{"INSIDE":"PLAINTEXT","OUTSIDE":"SASL_SSL"},"endpoints":["INSIDE://%s.inside:1","%s://%s:1"],"rack":null,"jmx_port":-1,"features":{},"host":null,"timestamp":"1","port":-1,"version":5}`, host, listener, host)
		}
		for _, node := range []string{"/kafka", "/kafka/brokers", "/kafka/brokers/ids"} {
			e.Make(c, node, "")
		}
		e.Make(c, "/kafka/brokers/ids/1", broker("a", "OUTSIDE"))
		e.Make(c, "/kafka/brokers/ids/1001", broker("b", "OUTSIDE"))
		r := record(t, e.URI("/kafka/brokers/ids")+"#SASL_SSL", Params{})
		r.wants("a", "b")
		inside := record(t, e.URI("/kafka/brokers/ids"), Params{})
		inside.wants("a.inside", "b.inside")
		if err := c.Delete("/kafka/brokers/ids/1", -1); err != nil {
			t.Fatal(err)
		}
		e.Make(c, "/kafka/brokers/ids/2", broker("c", "OUTSIDE"))
		r.wants("b", "c")
	})
	t.Run("a service that registers again is not lost with its old node", func(t *testing.T) {
		w, nodes := crewed(t)
		r := record(t, e.URI(w.path), Params{})
		r.wants("a", "b")
		r.keep("a", "b")
		w.add("a")
		w.add("c")
		r.wants("a", "b", "c")
		w.remove(nodes[0])
		w.add("d")
		r.wants("a", "b", "c", "d")
	})
	t.Run("a thousand members come and go", func(t *testing.T) {
		w, _ := crewed(t)
		r := record(t, e.URI(w.path), Params{})
		r.wants("a", "b")
		r.keep("a", "b")
		thousand(t, w, r)
	})
	t.Run("one connection serves all", func(t *testing.T) {
		w, _ := crewed(t)
		r := record(t, e.URI(w.path), Params{})
		r.run(e.URI(w.path))
		zoo.Await(t, "two sets", func() bool { r.mu.Lock(); defer r.mu.Unlock(); return r.sets >= 2 })
		if all := r.all.States(); len(all) != 1 || all[0].Users != 2 {
			t.Errorf("got %+v", all)
		}
	})
	t.Run("a lost watch is found out", func(t *testing.T) {
		w, nodes := crewed(t)
		r := record(t, e.URI(w.path), Params{}, func(s *source) { s.audit = 400 * time.Millisecond })
		r.wants("a", "b")
		r.all.open.Each(func(en *ensemble, _ int) {
			en.mu.Lock()
			defer en.mu.Unlock()
			for s := range en.sessions {
				s.base = "/elsewhere" // events pass it by
			}
		})
		w.add("c")
		r.wants("a", "b", "c")
		w.set(nodes[0], at("d", "ALIVE"))
		r.wants("b", "c", "d")
		if n := r.src.stat.missed.Value(); n < 2 {
			t.Errorf("%d missed changes are counted", n)
		}
	})
	t.Run("credentials", func(t *testing.T) { credentials(t, e, c) })
	t.Run("TLS", func(t *testing.T) {
		w, _ := crewed(t)
		address, cas := zoo.TLS(t, e.Addresses()[0])
		by := func(name string) Params {
			return Params{Settings: func([]string) Settings {
				return Settings{TLS: func() (*tls.Config, error) { return &tls.Config{RootCAs: cas, ServerName: name}, nil }}
			}}
		}
		record(t, "zk://"+address+w.path, by("example.com")).wants("a", "b")
		record(t, "zk://"+address+w.path, by("other.test")).fails("certificate is valid for example.com")
		record(t, "zk://"+address+w.path, Params{}).fails("does not greet as a ZooKeeper server")
	})
	t.Run("a partition that is noticed", func(t *testing.T) {
		w, nodes := crewed(t)
		p := zoo.NewProxy(t, e.Addresses()[0])
		r := record(t, "zk://"+p.Address+w.path, Params{})
		r.wants("a", "b")
		r.keep("b")
		p.Refuse(true)
		r.fails("no session with")
		w.remove(nodes[0])
		w.add("c")
		p.Refuse(false)
		t.Logf("right %v after the partition", r.wants("b", "c"))
	})
	t.Run("a session that expires in a silent partition", func(t *testing.T) {
		w, nodes := crewed(t)
		p := zoo.NewProxy(t, e.Addresses()[0])
		r := record(t, "zk://"+p.Address+w.path, Params{Settings: short})
		r.wants("a", "b")
		r.keep("b")
		before := r.session()
		p.Stall(true)
		r.fails("no session with")
		w.remove(nodes[0])
		w.add("c")
		zoo.Await(t, "the session's end", func() bool { return !e.HasSession(before) })
		p.Cut()
		p.Stall(false)
		t.Logf("right %v after the partition", r.wants("b", "c"))
		if now := r.session(); now == before {
			t.Errorf("the session is still %s", now)
		}
		w.add("d") // the watches are those of the new session
		r.wants("b", "c", "d")
	})
	t.Run("the leader is killed", func(t *testing.T) {
		w, nodes := crewed(t)
		r := record(t, e.URI(w.path), Params{})
		r.wants("a", "b")
		r.keep("b")
		leader := e.Leader()
		e.Kill(leader)
		w.remove(nodes[0])
		w.add("c")
		t.Logf("right %v after a change with a new leader", r.wants("b", "c"))
		e.Up(leader)
		w.add("d")
		r.wants("b", "c", "d")
	})
	t.Run("all servers are killed and started again", func(t *testing.T) {
		w, nodes := crewed(t)
		r := record(t, e.URI(w.path), Params{})
		r.wants("a", "b")
		r.keep("b")
		for i := range e.Addresses() {
			e.Kill(i)
		}
		r.fails("no session with")
		if got := r.hosts(); got != "a b" {
			t.Errorf("the last set is %q", got)
		}
		for i := range e.Addresses() {
			e.Up(i)
		}
		e.Leader()
		w.remove(nodes[0])
		w.add("c")
		t.Logf("right %v after a change with all servers back", r.wants("b", "c"))
	})
}

// thousand adds a thousand members by four hands and removes them again.
func thousand(t *testing.T, w crew, r *recorder) {
	const hands, each = 4, 250
	nodes, hosts := make([][]string, hands), []string{"a", "b"}
	for h := range hands {
		for i := range each {
			hosts = append(hosts, fmt.Sprintf("h%d-%d", h, i))
		}
	}
	did := func(f func(h int)) time.Duration {
		began := time.Now()
		var wg sync.WaitGroup
		for h := range hands {
			wg.Go(func() { f(h) })
		}
		wg.Wait()
		return time.Since(began).Round(time.Millisecond)
	}
	took := did(func(h int) {
		for i := range each {
			nodes[h] = append(nodes[h], w.add(fmt.Sprintf("h%d-%d", h, i)))
		}
	})
	t.Logf("added in %v, right %v later", took, r.wants(hosts...))
	took = did(func(h int) {
		for _, n := range nodes[h] {
			w.remove(n)
		}
	})
	t.Logf("removed in %v, right %v later", took, r.wants("a", "b"))
}

func credentials(t *testing.T, e *zoo.Ensemble, c *zklib.Conn) {
	const path = "/closed"
	if err := c.AddAuth("digest", []byte("sidecar:hunter2")); err != nil {
		t.Fatal(err)
	}
	acl := zklib.AuthACL(zklib.PermAll)
	if _, err := c.Create(path, nil, 0, acl); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Create(path+"/member_", []byte(at("a", "ALIVE")), zklib.FlagSequence, acl); err != nil {
		t.Fatal(err)
	}
	record(t, e.URI(path), Params{}).fails("not allowed to read /closed: set auth")
	record(t, e.URI(path), Params{Settings: func([]string) Settings {
		return Settings{Auth: func() (string, error) { return "sidecar:hunter3", nil }}
	}}).fails("not allowed to read /closed: the user or password of auth")
	r := record(t, e.URI(path), Params{Settings: func([]string) Settings {
		return Settings{Auth: func() (string, error) { return "sidecar:hunter2", nil }}
	}})
	r.wants("a")
	r.all.open.Each(func(en *ensemble, _ int) {
		en.dial.cut() // the next connection has them too
	})
	if _, err := c.Create(path+"/member_", []byte(at("b", "ALIVE")), zklib.FlagSequence, acl); err != nil {
		t.Fatal(err)
	}
	r.wants("a", "b")
}

// What answers there may be no ZooKeeper at all.
func TestOtherServersAreToldAsSuch(t *testing.T) {
	for name, c := range map[string]struct{ says, want string }{
		"a web server":       {"HTTP/1.1 400 Bad Request\r\n\r\n", `"HTTP" is not the beginning of a ZooKeeper server's answer: correct the port`},
		"a short packet":     {"\x00\x00\x00\x01x", "is not the beginning"},
		"one that hangs up":  {"", "does not greet as a ZooKeeper server"},
		"half of a greeting": {"\x00\x00\x00\x25abc", "does not greet as a ZooKeeper server"},
	} {
		t.Run(name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			wg.Go(func() {
				for {
					c2, err := ln.Accept()
					if err != nil {
						return
					}
					_, _ = c2.Read(make([]byte, 64))
					_, _ = c2.Write([]byte(c.says))
					c2.Close()
				}
			})
			t.Cleanup(func() { ln.Close(); wg.Wait() })
			record(t, "zk://"+ln.Addr().String()+"/a", Params{}).fails(c.want)
		})
	}
}

func TestNobodyThereIsToldWithTheReason(t *testing.T) {
	record(t, "zk://"+zoo.Free(t)+"/a", Params{}).fails("connection refused; the servers are tried in turn")
}

// A source must end at once even if its ensemble does not answer.
func TestASourceEndsWhileItsEnsembleIsSilent(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	all := NewEnsembles(Params{Registry: new(varz.Registry)})
	s, err := all.Source("zk://"+ln.Addr().String()+"/a", "web")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Run(ctx, nil) }()
	cancel()
	if err := <-done; err != context.Canceled {
		t.Errorf("got %v", err)
	}
}
