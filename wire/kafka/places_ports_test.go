package kafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binds are sockets as a test has them.
type binds struct {
	mu    sync.Mutex
	ports []int
	fail  map[int]error
}

func (b *binds) bind(port int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.fail[port]; err != nil {
		return err
	}
	if !slices.Contains(b.ports, port) {
		b.ports = append(b.ports, port)
	}
	return nil
}

func portsOf(b *binds, edit func(*PortsParams)) *Ports {
	p := PortsParams{
		Bootstrap: 9092, First: 9090, Last: 9099, Host: "127.0.0.1", Bind: b.bind,
		Learn: func(int32, []byte, int32) {}, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return noon },
	}
	if edit != nil {
		edit(&p)
	}
	return NewPorts(p)
}

func TestNodeIsListenedForBeforeClientsAreToldOfIt(t *testing.T) {
	b := &binds{}
	l := portsOf(b, nil)
	l.Tell([]int32{1, 3})
	if !slices.Equal(b.ports, []int{9091, 9093}) {
		t.Errorf("bound: %v", b.ports)
	}
	// Node 2 would have the port that clients bootstrap at.
	if host, port, ok := l.Place(2); host != "127.0.0.1" || port != 9094 || !ok || !slices.Contains(b.ports, 9094) {
		t.Errorf("got %s:%d, %v; bound %v", host, port, ok, b.ports)
	}
	for at, want := range map[string]int32{"127.0.0.1:9092": -1, "127.0.0.1:9091": 1, "[::1]:9093": 3, "10.0.0.1:9094": 2} {
		if node, ok := l.NodeAt(dialled(at)); !ok || node != want {
			t.Errorf("%s: node %d, %v; want %d", at, node, ok, want)
		}
	}
	if node, ok := l.NodeAt(dialled("127.0.0.1:9099")); ok {
		t.Errorf("node %d", node)
	}
	if _, _, ok := l.Place(-1); ok {
		t.Error("nobody has a place")
	}
}

func TestClientsMayBeToldOfAnotherAddressThanTheBoundOne(t *testing.T) {
	l := portsOf(&binds{}, func(p *PortsParams) { p.Host, p.Offset = "kafka.host", 20000 })
	if host, port, ok := l.Place(1); host != "kafka.host" || port != 29091 || !ok {
		t.Errorf("got %s:%d, %v", host, port, ok)
	}
	if node, ok := l.NodeAt(dialled("127.0.0.1:9091")); !ok || node != 1 {
		t.Errorf("node %d, %v", node, ok)
	}
}

func TestPortOfSomebodyElseIsPassedOver(t *testing.T) {
	inUse := fmt.Errorf("cannot listen: %w", syscall.EADDRINUSE)
	b := &binds{fail: map[int]error{9091: inUse, 9093: inUse}}
	l := portsOf(b, nil)
	if _, port, ok := l.Place(1); port != 9094 || !ok { // 9092 is the bootstrap's
		t.Errorf("got %d, %v", port, ok)
	}
	if _, port, ok := l.Place(3); port != 9095 || !ok {
		t.Errorf("got %d, %v", port, ok)
	}
}

func TestFailureThatIsNoConflictIsTriedAgainLater(t *testing.T) {
	now := noon
	b := &binds{fail: map[int]error{9091: syscall.EMFILE}}
	l := portsOf(b, func(p *PortsParams) { p.Now = func() time.Time { return now } })
	if _, port, ok := l.Place(1); ok {
		t.Errorf("got %d", port)
	}
	b.fail = nil
	if _, _, ok := l.Place(1); ok {
		t.Error("tried again at once")
	}
	now = now.Add(nextTry)
	if _, port, ok := l.Place(1); port != 9091 || !ok {
		t.Errorf("got %d, %v", port, ok)
	}
}

func TestNodesWithoutAPortAreTold(t *testing.T) {
	var log bytes.Buffer
	l := portsOf(&binds{}, func(p *PortsParams) { p.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	for node := range int32(30) {
		l.Place(node)
	}
	if _, _, ok := l.Place(29); ok {
		t.Error("got a port")
	}
	if n := strings.Count(log.String(), "widen the listener's kafka.ports"); n != 1 {
		t.Errorf("told %d times: %s", n, log.String())
	}
}

func TestNodesKeepTheirPortsOverARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ports.json")
	with := func(p *PortsParams) { p.Path = path }
	l := portsOf(&binds{}, with)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { l.Run(ctx); close(done) }()
	// In an order in which the one of the other's choice is taken.
	l.Tell([]int32{1, 11, 21})
	cancel()
	<-done
	if err := l.save(); err != nil { // what Run was about to write
		t.Fatal(err)
	}
	b := &binds{}
	again := portsOf(b, with)
	if slices.Sort(b.ports); !slices.Equal(b.ports, []int{9091, 9093, 9094}) {
		t.Errorf("bound at the start: %v", b.ports)
	}
	for _, node := range []int32{21, 11, 1} {
		_, want, _ := l.Place(node)
		if _, port, ok := again.Place(node); !ok || port != want {
			t.Errorf("node %d: port %d, %v; want %d", node, port, ok, want)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestFileOfPortsThatCannotBeTrustedIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	good := []byte(`{"format":"sidecar kafka ports","version":1,"nodes":{"5":9099}}`)
	file := func(name string, mode os.FileMode, data []byte) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, data, mode), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(file("target", 0o600, good), link); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"open to others": file("open", 0o666, good), "a link": link, "a folder": dir, "garbage": file("garbage", 0o600, []byte("x")), "absent": filepath.Join(dir, "absent"),
	} {
		t.Run(name, func(t *testing.T) {
			l := portsOf(&binds{}, func(p *PortsParams) { p.Path = path })
			if _, port, ok := l.Place(5); port != 9095 || !ok {
				t.Errorf("got %d, %v", port, ok)
			}
		})
	}
}

func TestNodesAppearUnderLoad(t *testing.T) {
	l := portsOf(&binds{}, func(p *PortsParams) { p.First, p.Last = 9100, 9199 })
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for node := range int32(100) {
				_, port, ok := l.Place(node)
				if at, there := l.NodeAt(dialled(fmt.Sprintf("127.0.0.1:%d", port))); !ok || !there || at != node {
					t.Errorf("node %d at %d, which is node %d's", node, port, at)
				}
			}
		})
		all.Go(func() { l.Tell([]int32{5, 6, 7}) })
	}
	all.Wait()
}
