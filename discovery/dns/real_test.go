package dns

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sidecar/discovery"
)

// server is a real DNS server on a free port.
type server struct {
	t       *testing.T
	address string
	cmd     *exec.Cmd
}

// serve starts dnsmasq with those options, and again after a former one.
func (s *server) serve(options ...string) {
	s.t.Helper()
	program, err := exec.LookPath("dnsmasq")
	if err != nil {
		s.t.Skip("needs dnsmasq: scripts/install.sh dnsmasq")
	}
	s.stop()
	if s.address == "" {
		s.address = free(s.t)
	}
	_, port, _ := net.SplitHostPort(s.address)
	args := append([]string{
		"--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--listen-address=127.0.0.1", "--bind-interfaces",
		"--port=" + port, "--pid-file=", "--user=", "--edns-packet-max=1232", "--local=/test/",
	}, options...)
	s.cmd = exec.Command(program, args...)
	var said strings.Builder
	s.cmd.Stderr = &said
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(s.stop)
	for end := time.Now().Add(10 * time.Second); ; {
		c, err := net.Dial("tcp", s.address)
		if err == nil {
			c.Close()
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("dnsmasq does not listen: %v: %s", err, said.String())
		}
	}
}

func (s *server) stop() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

func free(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// follow runs the source of a URI over s and gives what it publishes.
func (s *server) follow(uri string) <-chan discovery.Update {
	s.t.Helper()
	source, err := New(uri + "?resolver=" + s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(s.t.Context())
	updates, done := make(chan discovery.Update, 100), make(chan error)
	go func() { done <- source.Run(ctx, func(u discovery.Update) { updates <- u }) }()
	s.t.Cleanup(func() { cancel(); <-done })
	return updates
}

// until reads updates up to one that tells of that text.
func until(t *testing.T, updates <-chan discovery.Update, text string) discovery.Update {
	t.Helper()
	var seen []string
	limit := time.After(time.Minute) // of a failing test only
	for {
		select {
		case u := <-updates:
			if got := told(u); strings.Contains(got, text) {
				return u
			} else if len(seen) < 20 {
				seen = append(seen, got)
			}
		case <-limit:
			t.Fatalf("nothing tells of %q, but %q", text, seen)
		}
	}
}

func TestRealServerChangesItsAnswer(t *testing.T) {
	s := &server{t: t}
	s.serve("--host-record=a.test,10.0.0.1,1")
	updates := s.follow("dns://a.test:80")
	until(t, updates, "10.0.0.1:80")
	s.serve("--host-record=a.test,10.0.0.2,1")
	until(t, updates, "10.0.0.2:80")
	s.serve()
	if u := until(t, updates, "NXDOMAIN"); u.Err != nil || len(u.Endpoints) != 0 {
		t.Errorf("no such name is told as %+v", u)
	}
	s.stop()
	if u := until(t, updates, "server "+s.address); u.Err == nil || strings.Contains(u.Err.Error(), "->") {
		t.Errorf("a server that is gone is told as %+v: expected an error without the local port", u)
	}
	s.serve("--host-record=a.test,10.0.0.3,1")
	until(t, updates, "10.0.0.3:80")
}

func TestRealServerHasNoSuchRecord(t *testing.T) {
	s := &server{t: t}
	s.serve("--txt-record=a.test,x")
	if u := until(t, s.follow("dns://a.test:80"), "has no A record"); u.Err != nil {
		t.Errorf("told as %+v", u)
	}
}

func TestRealServerRefuses(t *testing.T) {
	s := &server{t: t}
	s.serve()
	if u := until(t, s.follow("dns://a.elsewhere:80"), "REFUSED"); u.Err == nil {
		t.Errorf("told as %+v", u)
	}
}

// Two hundred addresses do not fit into a datagram.
func TestRealServerCutsOffAndIsAskedByTCP(t *testing.T) {
	var lines []string
	for i := range 200 {
		lines = append(lines, fmt.Sprintf("10.0.%d.%d a.test", i/100, i%100+1))
	}
	file := filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := &server{t: t}
	s.serve("--addn-hosts=" + file)
	u := until(t, s.follow("dns://a.test:80"), "10.0.1.100:80")
	if len(u.Endpoints) != 200 {
		t.Errorf("%d endpoints, want 200", len(u.Endpoints))
	}
}

func TestRealServerHasServices(t *testing.T) {
	s := &server{t: t}
	s.serve("--srv-host=_http._tcp.a.test,x.test,8080,0,30", "--srv-host=_http._tcp.a.test,y.test,8081,5,1",
		"--host-record=x.test,10.0.0.1,fd00::1,2", "--host-record=y.test,fd00::2,2")
	u := until(t, s.follow("srv://_http._tcp.a.test"), ":8081")
	got := strings.Fields(told(u))
	slices.Sort(got)
	if want := "10.0.0.1:8080*30/0 [fd00::2]:8081*1/1"; strings.Join(got, " ") != want {
		t.Errorf("%v, want %s", got, want)
	}
}

func TestSearchDomainsAndHosts(t *testing.T) {
	s := &server{t: t}
	s.serve("--host-record=a.x.test,10.0.0.1", "--host-record=a.b.test,10.0.0.2")
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	r := newResolver([]string{s.address})
	r.config = write("resolv.conf", "search nowhere.test x.test\noptions ndots:2 attempts:1\n")
	r.hosts = &hosts{path: write("hosts", "10.9.9.9 known other # a\nfd00::9\tKNOWN\n")}
	for name, want := range map[string]string{
		"a": "10.0.0.1", "a.b.test": "10.0.0.2", "known": "10.9.9.9", "other": "10.9.9.9", "localhost": "127.0.0.1", "a.x.test.": "10.0.0.1",
	} {
		a, err := r.host(t.Context(), name, familyAuto)
		if err != nil || len(a.addresses) != 1 || a.addresses[0].String() != want {
			t.Errorf("%s: %+v, %v; want %s", name, a, err, want)
		}
	}
	if a, err := r.host(t.Context(), "gone.test", familyAuto); err != nil || a.none != "gone.test. does not exist (NXDOMAIN)" {
		t.Errorf("%+v, %v", a, err)
	}
}
