package httpkafka

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"sidecar"
	"sidecar/sock"
	"sidecar/varz"
	"sidecar/wire/http1"
	"sidecar/wire/kafka"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// rig is an HTTP server with a producer behind it.
type rig struct {
	*Producer
	url      string
	registry *varz.Registry
	client   *http.Client
	timeout  time.Duration
	seen     chan error // what those outside hear of the last request
}

// usual are the settings that tests begin with.
func usual() Settings {
	return Settings{
		Acks: "all", Idempotent: true, Compression: "none", Linger: time.Millisecond, Batch: 1 << 20, Delivery: 30 * time.Second,
		Connect: time.Second, MaxBuffered: 64 << 20, MaxBody: 1 << 20,
	}
}

func newRig(t testing.TB, seeds []string, change func(*Settings, *Params)) *rig {
	t.Helper()
	r := &rig{registry: new(varz.Registry), timeout: 30 * time.Second, seen: make(chan error, 1)}
	r.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}
	s := usual()
	p := Params{
		Name: "kafka", Version: "1", Dial: new(net.Dialer).DialContext, Login: func() kafka.DialSettings { return kafka.DialSettings{} },
		Registry: r.registry, Log: slog.New(slog.DiscardHandler), Now: sidecar.Now,
	}
	if change != nil {
		change(&s, &p)
	}
	r.Producer = NewProducer(context.Background(), p, s)
	r.Seeds(seeds)
	wheel, bufs := sock.NewWheel(sidecar.Now), sock.NewBuffers()
	lot, err := sock.NewLot(sidecar.Now)
	if err != nil {
		t.Fatal(err)
	}
	srv := http1.NewServer(http1.Params{
		Handler: r.told(r.Layer(sidecar.ServiceFunc(r.upstream))), Wheel: wheel, Buffers: bufs, Lot: lot, Room: sock.NewRoom(64 << 20), Held: 4 << 10,
	}, http1.Settings{MaxHeader: 64 << 10, HeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.url = "http://" + ln.Addr().String()
	t.Cleanup(func() { r.Close(context.Background()) })
	serve(t, ln, srv, lot)
	t.Cleanup(r.client.CloseIdleConnections)
	return r
}

// told notes what those outside of the bridge hear.
func (r *rig) told(next sidecar.Service) sidecar.Service {
	return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		err := next.Do(ctx, x)
		select {
		case <-r.seen:
		default:
		}
		select {
		case r.seen <- err:
		default:
		}
		return err
	})
}

// upstream is what a cluster does of it here: the time, and whose it is.
func (r *rig) upstream(ctx context.Context, x *sidecar.Exchange) error {
	x.SetTimeout(int64(r.timeout))
	return r.Aside(x).Do(ctx, x)
}

// serve runs srv until the test ends.
func serve(t testing.TB, ln net.Listener, srv *http1.Server, lot *sock.Lot) {
	var work sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	work.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, nc)
			mu.Unlock()
			cl := srv.NewClient(sock.New(nc))
			work.Go(func() {
				for cl.Serve(context.Background()) {
				}
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		mu.Lock()
		for _, nc := range conns {
			nc.Close()
		}
		mu.Unlock()
		work.Wait()
		lot.Close()
	})
}

// reply is an answer as clients read it.
type reply struct {
	status  int
	header  http.Header
	raw     string
	Code    int    `json:"error_code"`
	Message string `json:"message"`
	Offsets []struct {
		Partition *int32  `json:"partition"`
		Offset    *int64  `json:"offset"`
		Code      *int    `json:"error_code"`
		Error     *string `json:"error"`
	} `json:"offsets"`
}

// post sends a body with fields in pairs.
func (r *rig) post(t testing.TB, path, contentType, body string, fields ...string) reply {
	t.Helper()
	out, err := r.send("POST", path, contentType, body, fields...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (r *rig) send(method, path, contentType, body string, fields ...string) (out reply, err error) {
	req, err := http.NewRequest(method, r.url+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return out, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		req.Header.Set(fields[i], fields[i+1])
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return out, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return out, err
	}
	out.status, out.header, out.raw = resp.StatusCode, resp.Header, string(b)
	return out, json.Unmarshal(b, &out)
}

// logged are the first n records of a topic, all partitions together.
func logged(t testing.TB, c *kfake.Cluster, topic string, n int) []*kgo.Record {
	t.Helper()
	r, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all []*kgo.Record
	for len(all) < n {
		all = append(all, r.PollFetches(context.Background()).Records()...)
	}
	return all
}
