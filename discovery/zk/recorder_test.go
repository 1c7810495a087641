package zk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	zklib "github.com/go-zookeeper/zk"

	"sidecar/discovery"
	"sidecar/internal/zoo"
	"sidecar/varz"
)

// recorder runs a source and keeps what it says.
type recorder struct {
	t   *testing.T
	all *Ensembles
	src *source

	running int

	mu      sync.Mutex
	always  []string // hosts that every set must have
	last    []discovery.Endpoint
	sets    int
	lastErr error
}

// record runs a source of that path until the test ends.
func record(t *testing.T, uri string, p Params, change ...func(*source)) *recorder {
	t.Helper()
	if p.Registry == nil {
		p.Registry = new(varz.Registry)
	}
	r := &recorder{t: t, all: NewEnsembles(p)}
	r.run(uri, change...)
	return r
}

func (r *recorder) run(uri string, change ...func(*source)) {
	r.t.Helper()
	s, err := r.all.Source(uri, "web")
	if err != nil {
		r.t.Fatal(err)
	}
	r.src = s.(*source)
	for _, f := range change {
		f(r.src)
	}
	r.running++
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Run(ctx, r.take)
	}()
	r.t.Cleanup(func() {
		cancel()
		<-done
		if r.running--; r.running == 0 && len(r.all.States()) != 0 {
			r.t.Error("a connection is left")
		}
	})
}

func (r *recorder) take(u discovery.Update) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lastErr = u.Err
	if u.Err != nil {
		return
	}
	r.last = u.Endpoints
	r.sets++
	for _, host := range r.always {
		if !slices.ContainsFunc(u.Endpoints, func(e discovery.Endpoint) bool { return e.Address == host+":1" }) {
			r.t.Errorf("a set of %d without %s was published", len(u.Endpoints), host)
		}
	}
}

// keep names hosts that must be in every set from now on.
func (r *recorder) keep(hosts ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.always = hosts
}

func (r *recorder) hosts() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var hosts []string
	for _, e := range r.last {
		hosts = append(hosts, strings.TrimSuffix(e.Address, ":1"))
	}
	slices.Sort(hosts)
	return strings.Join(hosts, " ")
}

// wants waits until the set is that of these hosts.
func (r *recorder) wants(hosts ...string) time.Duration {
	r.t.Helper()
	slices.Sort(hosts)
	began, want := time.Now(), strings.Join(hosts, " ")
	zoo.Await(r.t, fmt.Sprintf("hosts %.200q", want), func() bool { return r.hosts() == want && r.trouble() == "" })
	return time.Since(began)
}

func (r *recorder) trouble() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lastErr == nil {
		return ""
	}
	return r.lastErr.Error()
}

// fails waits until an error is told that says that.
func (r *recorder) fails(want string) {
	r.t.Helper()
	zoo.Await(r.t, "error that says "+want, func() bool { return strings.Contains(r.trouble(), want) })
}

// session is the present one.
func (r *recorder) session() string {
	if all := r.all.States(); len(all) == 1 && all[0].Connected {
		return all[0].Session
	}
	return ""
}

// crew changes the members of a path.
type crew struct {
	t    *testing.T
	c    *zklib.Conn
	path string
}

// add adds a member and returns its node.
func (c crew) add(host string) string { return c.addData(at(host, "ALIVE")) }

func (c crew) addData(data string) string {
	c.t.Helper()
	for {
		node, err := c.c.Create(c.path+"/member_", []byte(data), zklib.FlagEphemeral|zklib.FlagSequence, zklib.WorldACL(zklib.PermAll))
		if err == nil {
			return node
		}
		if !passing(err) {
			c.t.Fatalf("add: %v", err)
		}
	}
}

func (c crew) set(node, data string) {
	c.t.Helper()
	if _, err := c.c.Set(node, []byte(data), -1); err != nil {
		c.t.Fatalf("set: %v", err)
	}
}

func (c crew) remove(node string) {
	c.t.Helper()
	for {
		err := c.c.Delete(node, -1)
		if err == nil || err == zklib.ErrNoNode {
			return
		}
		if !passing(err) {
			c.t.Fatalf("remove: %v", err)
		}
	}
}

// passing tells of errors that an ensemble in trouble gives.
func passing(err error) bool {
	return err == zklib.ErrConnectionClosed || err == zklib.ErrNoServer || err == zklib.ErrSessionMoved
}
