package httpkafka

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// door is the listener of one broker, which can be shut, cutting all connections,
// and be slow.
type door struct {
	net.Listener
	mu    sync.Mutex
	open  map[net.Conn]bool
	shut  bool
	delay atomic.Int64 // nanoseconds before each read of the broker's
}

// doored starts brokers with a door each.
func doored(t testing.TB, n int, opts ...kfake.Opt) (*kfake.Cluster, []*door) {
	t.Helper()
	var doors []*door
	var mu sync.Mutex
	opts = append(opts, kfake.NumBrokers(n), kfake.ListenFn(func(network, address string) (net.Listener, error) {
		l, err := net.Listen(network, address)
		if err != nil {
			return nil, err
		}
		d := &door{Listener: l, open: map[net.Conn]bool{}}
		mu.Lock()
		doors = append(doors, d)
		mu.Unlock()
		return d, nil
	}))
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, doors
}

func (d *door) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		d.mu.Lock()
		if !d.shut {
			d.open[c] = true
			d.mu.Unlock()
			return &passing{Conn: c, door: d}, nil
		}
		d.mu.Unlock()
		c.Close()
	}
}

// set shuts the door, as a broker that is killed does, or opens it.
func (d *door) set(shut bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut = shut
	if shut {
		for c := range d.open {
			_ = c.(*net.TCPConn).SetLinger(0)
			c.Close()
		}
		clear(d.open)
	}
}

type passing struct {
	net.Conn
	door *door
}

func (p *passing) Read(b []byte) (int, error) {
	n, err := p.Conn.Read(b)
	if d := p.door.delay.Load(); d > 0 && n > 0 {
		<-time.After(time.Duration(d))
	}
	return n, err
}
