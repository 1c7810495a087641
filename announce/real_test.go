package announce

import (
	"context"
	"fmt"
	"log/slog"
	"path"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sidecar/discovery/zk"
	"sidecar/internal/zoo"
	"sidecar/varz"
)

// place is an announced path under test.
type place struct {
	t    *testing.T
	e    *zoo.Ensemble
	list func() map[string]string // data of the members by their names
	path string
}

// announced starts an announcer at servers until the test ends.
func (p *place) announced(servers string, change ...func(*Params)) (*Announcer, context.CancelFunc) {
	p.t.Helper()
	at, err := zk.ParseLocation("zk://" + servers + p.path)
	if err != nil {
		p.t.Fatal(err)
	}
	reg := new(varz.Registry)
	params := Params{
		Name: "web", At: at, Member: zk.Announcement{Service: "10.0.0.5:80", Shard: -1}, Check: Check{Kind: CheckNone},
		Interval: 10 * time.Millisecond, Rise: 1, Fall: 2, Registry: reg, Log: slog.New(slog.DiscardHandler),
		Ensembles: zk.NewEnsembles(zk.Params{Registry: reg, Settings: func([]string) zk.Settings { return zk.Settings{SessionTimeout: time.Second} }}),
	}
	for _, f := range change {
		f(&params)
	}
	a, err := New(params)
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(p.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = a.Run(ctx)
	}()
	end := func() {
		cancel()
		<-done
	}
	p.t.Cleanup(end)
	return a, end
}

// wants waits until there are that many members.
func (p *place) wants(n int) map[string]string {
	p.t.Helper()
	var now map[string]string
	zoo.Await(p.t, fmt.Sprintf("%d members", n), func() bool { now = p.list(); return len(now) == n })
	return now
}

func TestWithRealServers(t *testing.T) {
	e := zoo.Start(t, 3)
	c := e.Client()
	all := strings.Join(e.Addresses(), ",")
	number := 0
	at := func(t *testing.T) *place {
		number++
		p := &place{t: t, e: e, path: fmt.Sprintf("/services/a%d", number)}
		p.list = func() map[string]string {
			names, _, _ := c.Children(p.path)
			m := map[string]string{}
			for _, name := range names {
				if data, stat, err := c.Get(p.path + "/" + name); err == nil {
					if stat.EphemeralOwner == 0 {
						t.Errorf("%s stays without its session", name)
					}
					m[name] = string(data)
				}
			}
			return m
		}
		return p
	}
	t.Run("a service that is well is announced as others read it", func(t *testing.T) {
		p := at(t)
		a, end := p.announced(all, func(x *Params) {
			x.Member.Shard, x.Member.Additional = 3, map[string]string{"admin": "10.0.0.5:9990"}
		})
		m := p.wants(1)
		want := `{"serviceEndpoint":{"host":"10.0.0.5","port":80},"additionalEndpoints":{"admin":{"host":"10.0.0.5","port":9990}},"status":"ALIVE","shard":3}`
		if m["member_0000000000"] != want {
			t.Errorf("got %v", m)
		}
		zoo.Await(t, "status", func() bool { return a.Status().Announced && a.Status().Error == "" })
		if s := a.Status(); s.Node != p.path+"/member_0000000000" || !s.Healthy {
			t.Errorf("got %+v", s)
		}
		end()
		if m := p.list(); len(m) != 0 {
			t.Errorf("left behind: %v", m)
		}
	})
	t.Run("it is announced while its check passes", func(t *testing.T) {
		p := at(t)
		var status atomic.Int32
		status.Store(503)
		a, _ := p.announced(all, func(x *Params) {
			address := answering(t, "tcp", "127.0.0.1:0", func() string { return fmt.Sprintf("HTTP/1.1 %d x\r\n\r\n", status.Load()) })
			x.Check = Check{Kind: CheckHTTP, Address: address, Path: "/", Timeout: time.Minute}
		})
		zoo.Await(t, "a failed check", func() bool { return a.Status().CheckSaid == "GET /: status 503" })
		if m := p.list(); len(m) != 0 {
			t.Errorf("announced without a check that passed: %v", m)
		}
		status.Store(200)
		p.wants(1)
		status.Store(500)
		p.wants(0)
		status.Store(200)
		p.wants(1)
	})
	t.Run("a member whose making was not confirmed is found again", func(t *testing.T) {
		p := at(t)
		proxy := zoo.NewProxy(t, e.Addresses()[0])
		var status atomic.Int32
		a, _ := p.announced(proxy.Address, func(x *Params) {
			address := answering(t, "tcp", "127.0.0.1:0", func() string { return fmt.Sprintf("HTTP/1.1 %03d x\r\n\r\n", status.Load()) })
			x.Check = Check{Kind: CheckHTTP, Address: address, Path: "/", Timeout: time.Minute}
			x.Ensembles = zk.NewEnsembles(zk.Params{Registry: x.Registry})
		})
		e.Make(c, p.path, "") // so that the member is all there is to make
		status.Store(200)
		p.wants(1)
		status.Store(500)
		p.wants(0)
		zoo.Await(t, "the removal is known", func() bool { return !a.Status().Announced })
		proxy.Mute(true)
		status.Store(200)
		m := p.wants(1)
		if a.Status().Announced {
			t.Error("announced before the answer was there")
		}
		proxy.Cut()
		proxy.Mute(false)
		zoo.Await(t, "the member is known", func() bool { return a.Status().Announced })
		if now := p.list(); len(now) != 1 || m["member_0000000001"] != now["member_0000000001"] {
			t.Errorf("got %v, before %v", now, m)
		}
	})
	t.Run("a drain withdraws it at once and for good", func(t *testing.T) {
		p := at(t)
		a, _ := p.announced(all)
		p.wants(1)
		a.Withdraw(t.Context())
		if m := p.list(); len(m) != 0 {
			t.Errorf("left behind: %v", m)
		}
		if s := a.Status(); s.Announced || !s.Withdrawn {
			t.Errorf("got %+v", s)
		}
	})
	t.Run("a member that somebody removes is made anew", func(t *testing.T) {
		p := at(t)
		p.announced(all)
		for name := range p.wants(1) {
			if err := c.Delete(path.Join(p.path, name), -1); err != nil {
				t.Fatal(err)
			}
		}
		zoo.Await(t, "another member", func() bool { m := p.list(); return len(m) == 1 && m["member_0000000001"] != "" })
	})
	t.Run("a lost session is replaced, and never are there two", func(t *testing.T) {
		p := at(t)
		proxy := zoo.NewProxy(t, e.Addresses()[0])
		p.announced(proxy.Address)
		p.wants(1)
		proxy.Stall(true)
		p.wants(0)
		proxy.Cut()
		proxy.Stall(false)
		if m := p.wants(1); m["member_0000000001"] == "" {
			t.Errorf("got %v", m)
		}
	})
	t.Run("a connection that breaks again and again makes no second member", func(t *testing.T) {
		p := at(t)
		proxy := zoo.NewProxy(t, e.Addresses()[0])
		a, _ := p.announced(proxy.Address, func(x *Params) {
			x.Ensembles = zk.NewEnsembles(zk.Params{Registry: x.Registry})
		})
		for range 8 {
			zoo.Await(t, "a member", func() bool { return len(p.list()) > 0 })
			for name := range p.list() {
				_ = c.Delete(path.Join(p.path, name), -1) // so that one is made while
				proxy.Cut()                               // the connection breaks
			}
			if m := p.list(); len(m) > 1 {
				t.Errorf("two members: %v", m)
			}
		}
		zoo.Await(t, "one member", func() bool { return a.Status().Announced && a.Status().Error == "" && len(p.list()) == 1 })
	})
	t.Run("the leader is killed", func(t *testing.T) {
		p := at(t)
		a, _ := p.announced(all, func(x *Params) { x.Ensembles = zk.NewEnsembles(zk.Params{Registry: x.Registry}) })
		before := p.wants(1)
		leader := e.Leader()
		e.Kill(leader)
		zoo.Await(t, "a connection", func() bool { return a.Status().Error == "" && e.Leader() != leader && len(p.list()) == 1 })
		if m := p.wants(1); m["member_0000000000"] != before["member_0000000000"] {
			t.Errorf("got %v, before %v", m, before)
		}
		e.Up(leader)
	})
}
