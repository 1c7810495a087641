package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The traffic is about 250 requests a second. With fewer connections the
// aperture would rightly use fewer backends than there are to see.
const (
	clients = 40
	period  = 160 * time.Millisecond // between a client's requests
	// postEvery is how many requests of a client there are to each POST.
	postEvery = 10
	// patience is more than any timeout of the sidecar's.
	patience = 30 * time.Second
)

// traffic is clients with a kept connection each. They hide nothing: net/http's
// own client would send a GET again when its connection breaks, and an error
// that the sidecar let through would not be seen.
type traffic struct {
	address  string
	stop     context.CancelFunc
	work     sync.WaitGroup
	requests atomic.Int64
	posts    atomic.Int64
	errors   atomic.Int64
	cut      atomic.Int64 // errors that are POSTs which a death cut in half
	opened   atomic.Int64 // connections
	last     atomic.Pointer[string]
}

func startTraffic(ctx context.Context, address string) *traffic {
	t := &traffic{address: address}
	ctx, t.stop = context.WithCancel(ctx)
	for i := range clients {
		t.work.Go(func() { t.client(ctx, i) })
	}
	return t
}

// finish lets the requests under way end, starts no more and waits for that.
func (t *traffic) finish() {
	t.stop()
	t.work.Wait()
}

// lastError is the latest error of a client, "" if there was none.
func (t *traffic) lastError() string {
	if s := t.last.Load(); s != nil {
		return *s
	}
	return ""
}

// client sends requests, one after another, until ctx ends.
func (t *traffic) client(ctx context.Context, number int) {
	rest(ctx, time.Duration(number)*period/clients) // not all at once
	tick := time.NewTicker(period)
	defer tick.Stop()
	var c *conn
	defer func() { c.close() }()
	for n := number; ctx.Err() == nil; n++ {
		if c == nil {
			c = t.dial(ctx)
		}
		if c != nil {
			t.requests.Add(1)
			closing, err := c.exchange(t, n)
			if err != nil {
				t.failed(err)
			}
			if closing {
				c.close()
				c = nil
				rest(ctx, time.Second) // it may drain, and refuse a new connection
			}
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// errCut is the one error that a backend's death may cost a client: a POST that
// it had, or may have had, when it died. Only the client can know whether to
// send it again, so the sidecar tells it and does not.
var errCut = errors.New("cut in half by a backend's death, and not repeated as it is no idempotent request")

// failed counts an error that a client saw.
func (t *traffic) failed(err error) {
	t.errors.Add(1)
	if errors.Is(err, errCut) {
		t.cut.Add(1)
	}
	text := err.Error()
	t.last.Store(&text)
}

// rest waits, at most until ctx ends.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// conn is a client's connection.
type conn struct {
	net.Conn
	r *bufio.Reader
}

// dial connects; nil and an error counted if that fails.
func (t *traffic) dial(ctx context.Context) *conn {
	d := net.Dialer{Timeout: patience}
	c, err := d.DialContext(ctx, "tcp", t.address)
	if err != nil {
		if ctx.Err() == nil {
			t.failed(err)
		}
		return nil
	}
	t.opened.Add(1)
	return &conn{Conn: c, r: bufio.NewReader(c)}
}

func (c *conn) close() {
	if c != nil {
		c.Conn.Close()
	}
}

// exchange sends the nth request and reads its reply; closing tells that the
// connection is over. A reply that is not the right one is an error, too.
func (c *conn) exchange(t *traffic, n int) (closing bool, err error) {
	method, body := http.MethodGet, ""
	if n%postEvery == 0 {
		t.posts.Add(1)
		method, body = http.MethodPost, fmt.Sprintf("note %d", n)
	}
	what := func(err error) error { return fmt.Errorf("%s: %w", method, err) }
	req, err := http.NewRequest(method, "http://"+t.address+"/demo", strings.NewReader(body))
	if err != nil {
		return true, what(err)
	}
	c.SetDeadline(time.Now().Add(patience))
	if err := req.Write(c); err != nil {
		return true, what(err)
	}
	res, err := http.ReadResponse(c.r, req)
	if err != nil {
		return true, what(err)
	}
	defer res.Body.Close()
	reply, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return true, what(err)
	case res.StatusCode != http.StatusOK:
		return res.Close, what(refusal(res))
	case body != "" && string(reply) != body, body == "" && !strings.HasPrefix(string(reply), "hello from backend "):
		return res.Close, what(fmt.Errorf("the wrong reply: %q", reply))
	}
	return res.Close, nil
}

// refusal is the error that a reply tells.
func refusal(res *http.Response) error {
	reason := res.Header.Get("X-Sidecar-Reason")
	err := fmt.Errorf("%s, reason %s", res.Status, reason)
	died := reason == "peer_closed" || reason == "peer_reset"
	if res.Request.Method == http.MethodPost && res.StatusCode == http.StatusBadGateway && died {
		return fmt.Errorf("%w: %w", err, errCut)
	}
	return err
}
