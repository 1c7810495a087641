package dns

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	mdns "github.com/miekg/dns"

	"sidecar/discovery"
)

// zone is a lookup whose answers the test sets.
type zone struct {
	mu    sync.Mutex
	names map[string]answer
	srv   answer
	err   error
	asked int
}

func (z *zone) host(_ context.Context, name string, _ family) (answer, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.asked++
	if a, ok := z.names[name]; ok || z.err != nil {
		return a, z.err
	}
	return answer{none: name + " does not exist (NXDOMAIN)"}, nil
}

func (z *zone) services(context.Context, string) (answer, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.asked++
	return z.srv, z.err
}

func (z *zone) set(err error, names map[string]answer) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.err, z.names = err, names
}

func at(ttl time.Duration, addresses ...string) answer {
	a := answer{ttl: ttl}
	for _, s := range addresses {
		a.addresses = append(a.addresses, netip.MustParseAddr(s))
	}
	return a
}

// rig is a source over a zone in virtual time and what it has published.
type rig struct {
	*Source
	t   *testing.T
	mu  sync.Mutex
	got []discovery.Update
}

func watch(t *testing.T, uri string, z *zone, f func(r *rig)) { watchOver(t, uri, z, f) }

func watchOver(t *testing.T, uri string, z lookup, f func(r *rig)) {
	synctest.Test(t, func(t *testing.T) {
		s, err := New(uri)
		if err != nil {
			t.Fatal(err)
		}
		s.lookup, s.random, s.wish = z, func() float64 { return 0 }, make(chan struct{}, 1) // of this bubble
		r := &rig{Source: s, t: t}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Run(ctx, r.take) }()
		synctest.Wait()
		f(r)
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v", err)
		}
	})
}

func (r *rig) take(u discovery.Update) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, u)
}

// wants lets d pass, in which what is told of these texts must have been
// published: addresses with weight and priority, an error or why there is
// nothing.
func (r *rig) wants(d time.Duration, texts ...string) {
	r.t.Helper()
	time.Sleep(d)
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	var got []string
	for _, u := range r.got {
		got = append(got, told(u))
	}
	r.got = nil
	if strings.Join(got, "; ") != strings.Join(texts, "; ") {
		r.t.Errorf("published %q, want %q", got, texts)
	}
}

func told(u discovery.Update) string {
	if u.Err != nil {
		return u.Err.Error()
	}
	var list []string
	for _, e := range u.Endpoints {
		list = append(list, fmt.Sprintf("%s*%g/%d", e.Address, e.Weight, e.Priority))
	}
	return strings.Join(append(list, u.Empty), " ")
}

func TestAnswersAreAskedForAgainAfterTheirTTL(t *testing.T) {
	z := &zone{names: map[string]answer{"a": at(20*time.Second, "10.0.0.1", "10.0.0.2")}}
	watch(t, "dns://a:80", z, func(r *rig) {
		r.wants(0, "10.0.0.1:80*1/0 10.0.0.2:80*1/0 ")
		r.wants(19 * time.Second)
		z.set(nil, map[string]answer{"a": at(5*time.Second, "10.0.0.3")})
		r.wants(time.Second, "10.0.0.3:80*1/0 ")
		r.wants(4 * time.Second)
		r.wants(time.Second, "10.0.0.3:80*1/0 ")
	})
}

func TestNoSuchNameAndAFailingServerAreDifferentThings(t *testing.T) {
	z := &zone{names: map[string]answer{"a": at(time.Second, "10.0.0.1")}}
	watch(t, "dns://a:80", z, func(r *rig) {
		r.wants(0, "10.0.0.1:80*1/0 ")
		z.set(errors.New("dns: a: server 10.0.0.53:53 answers SERVFAIL"), nil)
		r.wants(time.Second, "dns: a: server 10.0.0.53:53 answers SERVFAIL")
		z.set(nil, nil)
		r.wants(499 * time.Millisecond) // of a second, half is drawn
		r.wants(time.Millisecond, "a does not exist (NXDOMAIN)")
	})
}

func TestAFailingServerIsAskedLessAndLess(t *testing.T) {
	z := &zone{err: errors.New("silent")}
	watch(t, "dns://a:80", z, func(r *rig) {
		time.Sleep(time.Hour)
		synctest.Wait()
		if z.asked < 200 || z.asked > 260 { // each 15 s in the end, as nothing is drawn
			t.Errorf("asked %d times in an hour", z.asked)
		}
	})
}

func TestRefreshAsksSoonAndNotTooOften(t *testing.T) {
	z := &zone{names: map[string]answer{"a": at(time.Hour, "10.0.0.1")}}
	watch(t, "dns://a:80", z, func(r *rig) {
		r.wants(0, "10.0.0.1:80*1/0 ")
		for range 100 {
			r.Refresh()
		}
		r.wants(999 * time.Millisecond)
		r.wants(time.Millisecond, "10.0.0.1:80*1/0 ")
		r.wants(time.Minute)
		r.Refresh()
		r.wants(0, "10.0.0.1:80*1/0 ")
	})
}

func TestServicesHavePriorityWeightAndPort(t *testing.T) {
	services := func(records ...string) answer {
		return read(reply(t, 0, records...), "_http._tcp.a.", mdns.TypeSRV)
	}
	names := map[string]answer{"x.": at(time.Minute, "10.0.0.1"), "y.": at(2*time.Second, "10.0.0.2", "10.0.0.3"), "z.": at(time.Minute, "10.0.0.4")}
	for _, c := range []struct {
		name    string
		records []string
		want    string
	}{
		{"weights", []string{"_http._tcp.a. 60 SRV 10 60 80 x.", "_http._tcp.a. 60 SRV 10 20 81 y.", "_http._tcp.a. 60 SRV 65535 0 82 z."},
			"10.0.0.1:80*60/0 10.0.0.2:81*10/0 10.0.0.3:81*10/0 10.0.0.4:82*1/1 "},
		{"weight 0 beside others", []string{"_http._tcp.a. 60 SRV 1 0 80 x.", "_http._tcp.a. 60 SRV 1 5 80 z."}, "10.0.0.1:80*0.01/0 10.0.0.4:80*5/0 "},
		{"a target without address", []string{"_http._tcp.a. 60 SRV 1 1 80 gone.", "_http._tcp.a. 60 SRV 1 1 80 x."}, "10.0.0.1:80*1/0 "},
		{"no target with an address", []string{"_http._tcp.a. 60 SRV 1 1 80 gone."}, "no target of _http._tcp.a has an address"},
		{"not available", []string{"_http._tcp.a. 60 SRV 0 0 0 ."}, `_http._tcp.a is decidedly not available: its target is "."`},
		{"none", nil, "_http._tcp.a. has no SRV record"},
	} {
		t.Run(c.name, func(t *testing.T) {
			watch(t, "srv://_http._tcp.a", &zone{srv: services(c.records...), names: names}, func(r *rig) { r.wants(0, c.want) })
		})
	}
}

func TestOneTargetThatCannotBeFoundOutIsNoPartOfASet(t *testing.T) {
	z := &zone{srv: read(reply(t, 0, "_http._tcp.a. 60 SRV 1 1 80 x."), "_http._tcp.a.", mdns.TypeSRV), err: errors.New("silent")}
	watch(t, "srv://_http._tcp.a", z, func(r *rig) { r.wants(0, "silent") })
}
