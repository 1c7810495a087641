package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// driver is what a protocol brings to the suite.
type driver struct {
	// protocol is its name in config.toml.
	protocol string
	// sections are further ones of config.toml, and byPath the condition of a
	// route for queries of the path "/b".
	sections, byPath string
	// backend starts a real server, or skips the test for lack of one.
	backend func(t testing.TB) *server
	// dial makes a client of the sidecar's listener.
	dial func(address string) client
}

// drivers are the protocols that the suite runs with.
func drivers() []driver {
	return []driver{{
		protocol: "http",
		byPath:   `path_prefix = "/b"`,
		backend:  func(t testing.TB) *server { return nginx(t, "") },
		dial:     func(address string) client { return &httpClient{address: address} },
	}, {
		protocol: "thrift",
		sections: idempotent,
		byPath:   `method = "b"`,
		backend:  func(t testing.TB) *server { return thriftServer(t) },
		dial:     func(address string) client { return &thriftClient{address: address} },
	}, {
		protocol: "thriftmux",
		sections: idempotent,
		byPath:   `method = "b"`,
		backend:  func(t testing.TB) *server { return muxServer(t) },
		dial:     func(address string) client { return &muxClient{address: address} },
	}, {
		protocol: "redis",
		byPath:   `key_prefix = "/b:"`,
		backend:  func(t testing.TB) *server { return redisServer(t) },
		dial:     func(address string) client { return &redisClient{address: address} },
	}}
}

// listens is what listeners speak that lead to upstreams of the protocol.
func listens(protocol string) string {
	if protocol == "thriftmux" {
		return "thrift"
	}
	return protocol
}

// eachDriver runs a scenario with every protocol.
func eachDriver(t *testing.T, scenario func(t *testing.T, d driver)) {
	for _, d := range drivers() {
		t.Run(d.protocol, func(t *testing.T) { scenario(t, d) })
	}
}

// client is one connection of an application. It is used by one goroutine.
type client interface {
	// do makes one exchange, dialling first if there is no connection.
	do(q query) result
	// open tells whether there is a connection that can take another.
	open() bool
	close()
}

// query is one request in terms that every protocol has.
type query struct {
	id    string // unique; the backend logs it
	write bool   // it must not be executed twice
	path  string // or key, or method; "/" if empty
}

// result is what came of a query.
type result struct {
	err      error  // the connection failed
	dialled  bool   // with err: it was made, so that the request may have been sent
	status   int    // the protocol's, as a number
	reason   string // of the sidecar's own error replies
	attempts int    // that it names
	last     bool   // the reply says that the connection ends
	body     string
}

// failure is "" for a result that is good, else what kind of bad it is.
func (r result) failure() string {
	switch {
	case r.err != nil && !r.dialled:
		return "dial: " + cause(r.err)
	case r.err != nil:
		return "connection: " + cause(r.err)
	case r.reason != "":
		return r.reason
	case r.status != 200:
		return "status " + strconv.Itoa(r.status)
	}
	return ""
}

// cause is an error without the addresses that differ each time.
func cause(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Op + ": " + op.Err.Error()
	}
	return err.Error()
}

// httpClient speaks HTTP/1.1 over one connection at a time. Unlike net/http's
// it repeats nothing by itself.
type httpClient struct {
	address string // host:port or unix:/path
	conn    net.Conn
	in      *bufio.Reader
}

func (c *httpClient) open() bool { return c.conn != nil }

func (c *httpClient) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

func (c *httpClient) dial() error {
	if c.conn != nil {
		return nil
	}
	network, address := "tcp", c.address
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		network, address = "unix", path
	}
	conn, err := net.DialTimeout(network, address, patience)
	if err != nil {
		return err
	}
	c.conn, c.in = conn, bufio.NewReader(conn)
	return nil
}

func (c *httpClient) do(q query) result {
	path := q.path
	if path == "" {
		path = "/"
	}
	head, body := "GET", ""
	if q.write {
		head, body = "POST", strings.Repeat("x", 1024)
	}
	head += fmt.Sprintf(" %s?id=%s HTTP/1.1\r\nHost: e2e\r\nX-Request-Id: %s\r\n", path, q.id, q.id)
	if q.write {
		head += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	return c.raw(head + "\r\n" + body)
}

// raw sends bytes and reads one reply to them.
func (c *httpClient) raw(text string) result {
	if err := c.dial(); err != nil {
		return result{err: err}
	}
	c.conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c.conn, text); err != nil {
		c.close()
		return result{err: err, dialled: true}
	}
	return c.reply()
}

// reply reads one reply.
func (c *httpClient) reply() result {
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.close()
		return result{err: err, dialled: true}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.close()
		return result{err: fmt.Errorf("after the reply's head: %w", err), dialled: true}
	}
	r := result{status: res.StatusCode, reason: res.Header.Get("X-Sidecar-Reason"), last: res.Close, body: string(body)}
	r.attempts, _ = strconv.Atoi(res.Header.Get("X-Sidecar-Attempts"))
	if res.Close {
		c.close()
	}
	return r
}
