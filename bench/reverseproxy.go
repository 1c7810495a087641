package main

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"runtime"
	"sync"
	"time"
)

// runReverseProxy is the peer that a Go programmer would write first: the
// standard library's proxy, with a transport and buffers that suit the load.
func runReverseProxy(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: bench reverseproxy ADDRESS BACKEND")
	}
	runtime.GOMAXPROCS(1)
	target := &url.URL{Scheme: "http", Host: args[1]}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
			r.SetXForwarded()
		},
		// Two connections a backend are kept by default, and compression is asked
		// for where the client did not.
		Transport:  &http.Transport{MaxIdleConnsPerHost: 1024, IdleConnTimeout: time.Minute, DisableCompression: true, ResponseHeaderTimeout: 10 * time.Second},
		BufferPool: &buffers{pool: sync.Pool{New: func() any { b := make([]byte, 32*kib); return &b }}},
	}
	s := http.Server{Addr: args[0], Handler: proxy, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 5 * time.Minute}
	fmt.Fprintln(os.Stderr, "listening on", args[0])
	return s.ListenAndServe()
}

// buffers is what ReverseProxy copies bodies through.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte { return *b.pool.Get().(*[]byte) }

func (b *buffers) Put(p []byte) { b.pool.Put(&p) }
