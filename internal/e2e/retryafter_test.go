package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A backend that asks to be left alone is: by a client that waits, whose answer
// then comes, and by one that leaves meanwhile, for whom nothing is sent.
func TestRetryAfterIsObeyedWhereNobodyElseIsLeft(t *testing.T) {
	var tries atomic.Int64
	after := make(chan string, 10)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		tries.Add(1)
		select {
		case s := <-after:
			w.Header().Set("Retry-After", s)
			w.WriteHeader(503)
		default:
		}
	}))
	defer srv.Close()
	p := start(t, "", conf{discover: strings.TrimPrefix(srv.URL, "http://"), upstream: "timeout = \"5s\""})
	c := &httpClient{address: p.port}
	defer c.close()

	after <- "1"
	began := time.Now()
	r := c.do(query{id: "waits"})
	if took := time.Since(began); r.failure() != "" || tries.Load() != 2 || took < time.Second {
		t.Errorf("%+v after %v and %d tries", r, took, tries.Load())
	}
	await(t, "the record", func() bool { return len(p.admin.why("request_id=waits")) > 0 }) // it is made behind the reply
	if e := p.admin.why("request_id=waits"); len(e) != 1 || len(e[0].Tries) != 2 || e[0].Tries[0].After != 1000 {
		t.Errorf("/why: %+v", e)
	}

	after <- "60"
	before := tries.Load()
	if r := c.do(query{id: "too-long"}); r.status != 503 || r.attempts != 1 || tries.Load()-before != 1 {
		t.Errorf("longer than the deadline: %+v, %d tries", r, tries.Load()-before)
	}

	after <- "4"
	before = tries.Load()
	gone, err := net.Dial("tcp", p.port)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(gone, "GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: leaves\r\n\r\n")
	await(t, "the wait", func() bool { return p.admin.sum("sidecar.retry.waiting", "") == 1 })
	gone.(*net.TCPConn).SetLinger(0)
	gone.Close()
	await(t, "the end of the wait", func() bool { return p.admin.sum("sidecar.retry.waiting", "") == 0 })
	await(t, "the record", func() bool { return len(p.admin.why("request_id=leaves")) > 0 })
	if e := p.admin.why("request_id=leaves"); len(e) != 1 || e[0].Reason != "client_gone" || tries.Load()-before != 1 {
		t.Errorf("/why of the client that left: %+v, %d tries", e, tries.Load()-before)
	}
}
