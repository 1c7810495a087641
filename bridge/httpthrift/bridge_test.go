package httpthrift

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/leak"
	"sidecar/sock"
	"sidecar/wire/http1"
	"sidecar/wire/thrift"

	apache "github.com/apache/thrift/lib/go/thrift"
)

func TestMain(m *testing.M) { leak.Main(m, leak.Params{}) }

// front is an HTTP server with the bridge and one Thrift connection behind it.
type front struct {
	dialer thrift.Dialer
	url    string
	hold   sidecar.ClassSet
	fail   *sidecar.Fault // instead of a call
	second bool           // the second sender of a call sends it
	heard  chan string    // of each request, the reason of the fault that those outside hear of
}

// counted stands outside the bridge, as what counts failures does.
func (f *front) counted(next sidecar.Service) sidecar.Service {
	return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		err, reason := next.Do(ctx, x), ""
		if err != nil {
			reason = sidecar.FaultOf(err).Reason.String()
		}
		select {
		case f.heard <- reason:
		default: // no test asks
		}
		return err
	})
}

func newFront(t *testing.T, address string, speaks thrift.Encoding, change func(*Params)) *front {
	t.Helper()
	s := schema(t)
	classes, err := s.Classes(map[string]sidecar.Class{"Busy": sidecar.Overload}, sidecar.ClientError)
	if err != nil {
		t.Fatal(err)
	}
	wheel := sock.NewWheel(sidecar.Now)
	p := Params{Schema: s, Classes: classes, MaxJSON: 64 << 10, Forks: thrift.NewForks(wheel)}
	if change != nil {
		change(&p)
	}
	bufs, room := sock.NewBuffers(), sock.NewRoom(64<<20)
	f := &front{heard: make(chan string, 1), dialer: thrift.Dialer{
		Encoding: speaks, MaxFrame: 1 << 20, Buffers: bufs, Room: room, Classify: classes.Of, Dial: new(net.Dialer).DialContext,
	}}
	lot, err := sock.NewLot(sidecar.Now)
	if err != nil {
		t.Fatal(err)
	}
	srv := http1.NewServer(http1.Params{
		Handler: f.counted(New(p).Layer(f.upstream(address))), Wheel: wheel, Buffers: bufs, Lot: lot, Held: 4 << 10,
	}, http1.Settings{MaxHeader: 64 << 10, HeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.url = "http://" + ln.Addr().String()
	t.Cleanup(func() { // once all connections have ended
		if n := bufs.Out(); n != 0 {
			t.Errorf("%d buffers were not given back", n)
		}
	})
	serve(t, ln, srv, lot)
	return f
}

// serve runs srv until the test ends.
func serve(t *testing.T, ln net.Listener, srv *http1.Server, lot *sock.Lot) {
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

// upstream is one connection a call.
func (f *front) upstream(address string) sidecar.Service {
	return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		if f.fail != nil {
			return f.fail
		}
		x.Hold = f.hold
		x.Try(address, 1, x.Now())
		c, err := f.dialer.Connect(ctx, address)
		if err != nil {
			return &sidecar.Fault{Stage: sidecar.StageDial, Flags: sidecar.Unsent, Reason: sidecar.ConnectRefused, Err: err}
		}
		defer c.Close()
		if !f.second {
			return c.Do(ctx, x)
		}
		call := x.Msg.(sidecar.Forker)
		if !call.Share(x) {
			return f.fail
		}
		fork := call.Fork()
		err = c.Do(ctx, fork)
		x.Yield(x.Now())
		call.Join(fork)
		return err
	})
}

// ask sends a request and returns status, body and head of the reply.
func (f *front) ask(t *testing.T, method, path, kind, body string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, f.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	tr := &http.Transport{DisableKeepAlives: true}
	resp, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text), resp.Header
}

// speaking are the encodings of backends, with what Apache's library calls them.
var speaking = []struct {
	name  string
	e     thrift.Encoding
	trans apache.TTransportFactory
	prot  apache.TProtocolFactory
}{
	{"framed binary", thrift.Encoding{}, apache.NewTFramedTransportFactoryConf(apache.NewTTransportFactory(), nil), apache.NewTBinaryProtocolFactoryConf(nil)},
	{"framed compact", thrift.Encoding{Protocol: thrift.Compact}, apache.NewTFramedTransportFactoryConf(apache.NewTTransportFactory(), nil), apache.NewTCompactProtocolFactoryConf(nil)},
	{"unframed binary", thrift.Encoding{Transport: thrift.Unframed}, apache.NewTBufferedTransportFactory(4096), apache.NewTBinaryProtocolFactoryConf(nil)},
	{"header", thrift.Encoding{Transport: thrift.Header, Protocol: thrift.Compact}, apache.NewTTransportFactory(), apache.NewTHeaderProtocolFactoryConf(nil)},
}

func TestCallsOverHTTPReachARealServer(t *testing.T) {
	const kind = "application/json; charset=utf-8"
	for _, s := range speaking {
		t.Run(s.name, func(t *testing.T) {
			b := &backend{logged: make(chan string, 1)}
			f := newFront(t, b.serve(t, s.trans, s.prot), s.e, nil)
			for _, c := range []struct {
				name, path, body string
				status           int
				want             string
			}{
				{"value", "/Users/get", `{"id": 9223372036854775807}`, 200, `{"id":9223372036854775807,"name":"Zoë"}`},
				{"number", "/Users/sum", `{"numbers": [9007199254740993, 1]}`, 200, "9007199254740994"},
				{"void", "/Users/put", everything, 200, "null"},
				{"long body", "/Users/sum", `{"numbers": [` + strings.Repeat("1, ", 8000) + `1]}`, 200, "8001"},
				{"declared", "/Users/get", `{"id": 2}`, 400, `{"error":{"reason":"exception","message":"missing","type":"NotFound","value":{"message":"no"},"attempts":1}}`},
				{"overload", "/Users/get", `{"id": 3}`, 429, `{"error":{"reason":"exception","message":"busy","type":"Busy","value":{"message":"no"},"attempts":1}}`},
				{"undeclared", "/Users/get", `{"id": 4}`, 500, `{"error":{"reason":"exception","message":"it \"broke\"","type":"TApplicationException","kind":6,"attempts":1}}`},
				{"nothing", "/Users/get", `{"id": 5}`, 502, `{"error":{"reason":"bad_reply","message":"the reply has neither a value nor an exception that the interface file declares","attempts":1}}`},
				{"long result", "/Users/version", "", 502, `{"error":{"reason":"too_large","message":"the result is larger than max_json","attempts":1}}`},
				{"wrong argument", "/Users/get", `{"id": "x"}`, 400, `{"error":{"reason":"bad_request","message":"id: expected a whole number of 64 bits, got \"x\"","attempts":0}}`},
				{"oneway", "/Users/log", `{"line": "hello"}`, 202, "null"},
			} {
				t.Run(c.name, func(t *testing.T) {
					status, body, head := f.ask(t, "POST", c.path, kind, c.body)
					if status != c.status || !same(t, body, c.want) {
						t.Errorf("got %d %s\nwant %d %s", status, body, c.status, c.want)
					}
					if got := head.Get("Content-Type"); got != "application/json" {
						t.Errorf("it is of type %s", got)
					}
				})
			}
			if got := <-b.logged; got != "hello" {
				t.Errorf("logged %q", got)
			}
		})
	}
}

func TestRequestsThatAreNoCallAreToldSo(t *testing.T) {
	f := newFront(t, "127.0.0.1:1", thrift.Encoding{}, nil)
	for _, c := range []struct {
		name, method, path, kind, body string
		status                         int
		want                           string
	}{
		{"no service", "POST", "/Nobody/get", "application/json", "{}", 404, `no service \"Nobody\": a path is /Service/method, with one of Users"`},
		{"no path", "GET", "/", "", "", 404, `no service \"\"`},
		{"no method", "POST", "/Users/gt", "application/json", "{}", 404, `service Users has no method \"gt\"`},
		{"GET of a method", "GET", "/Users/get", "", "", 405, "a method is called by POST"},
		{"a form", "POST", "/Users/get", "application/x-www-form-urlencoded", "id=1", 415, "the body's Content-Type has to be application/json"},
		{"too long", "POST", "/Users/sum", "application/json", strings.Repeat(" ", 64<<10+1), 413, "the body is longer than max_json of the upstream, 65536 bytes"},
		{"nobody there", "POST", "/Users/all", "", "", 502, `{"reason":"connect_refused","message":"no endpoint of the service could be connected to",`},
		{"listing", "GET", "/Users", "", "", 200, `{"service":"Users","methods":{"all":[],"get":["id","deep"],"log":["line"],"put":["user"],"sum":["numbers"],"tree":["tree"],"version":[]}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body, head := f.ask(t, c.method, c.path, c.kind, c.body)
			if status != c.status || !strings.Contains(body, c.want) {
				t.Errorf("got %d %s\nwant %d %s", status, body, c.status, c.want)
			}
			if status == 405 && head.Get("Allow") != "POST" {
				t.Errorf("allowed is %q", head.Get("Allow"))
			}
			if got := <-f.heard; got != head.Get("X-Sidecar-Reason") {
				t.Errorf("those who count hear of %q, the client of %q", got, head.Get("X-Sidecar-Reason"))
			}
			if status != 200 && (head.Get("X-Sidecar-Reason") == "" || head.Get("X-Sidecar-Attempts") == "") {
				t.Errorf("head %v", head)
			}
		})
	}
}

func TestServicesAreNamedWhereTheBackendHasSeveral(t *testing.T) {
	b := &backend{logged: make(chan string, 1)}
	address := b.serve(t, speaking[0].trans, speaking[0].prot)
	f := newFront(t, address, thrift.Encoding{}, func(p *Params) { p.Multiplexed = true })
	if status, body, _ := f.ask(t, "POST", "/Users/sum", "application/json", `{"numbers": [1, 2]}`); status != 200 || body != "3" {
		t.Errorf("got %d %s", status, body)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Equal(b.called, []string{"Users:sum"}) {
		t.Errorf("called %v", b.called)
	}
}

func TestFaultsAreTold(t *testing.T) {
	b := &backend{logged: make(chan string, 1)}
	f := newFront(t, b.serve(t, speaking[0].trans, speaking[0].prot), thrift.Encoding{}, nil)
	f.hold = sidecar.Classes(sidecar.Overload)
	if status, body, _ := f.ask(t, "POST", "/Users/get", "application/json", `{"id": 3}`); status != 429 || !strings.Contains(body, `"reason":"status_5xx"`) {
		t.Errorf("held: got %d %s", status, body)
	}
	for reason, want := range map[sidecar.Reason]int{
		sidecar.NoEndpoints: 503, sidecar.DeadlineExceeded: 504, sidecar.BreakerOpen: 503, sidecar.Internal: 500, sidecar.BadReply: 502,
	} {
		f.fail = &sidecar.Fault{Stage: sidecar.StagePick, Reason: reason, Err: fmt.Errorf("secret of 10.0.0.1")}
		status, body, head := f.ask(t, "POST", "/Users/all", "", "")
		if status != want || strings.Contains(body, "secret") || head.Get("X-Sidecar-Reason") != reason.String() {
			t.Errorf("%v: got %d %s", reason, status, body)
		}
	}
}

func TestReplyToTheSecondSenderIsTheAnswer(t *testing.T) {
	b := &backend{logged: make(chan string, 1)}
	f := newFront(t, b.serve(t, speaking[1].trans, speaking[1].prot), speaking[1].e, nil)
	f.second = true
	if status, body, _ := f.ask(t, "POST", "/Users/sum", "application/json", `{"numbers": [1, 2]}`); status != 200 || body != "3" {
		t.Errorf("got %d %s", status, body)
	}
}
