package e2e

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// paced is open-loop load: requests are sent when they are due, whatever
// becomes of those before, as long as a client is free.
type paced struct {
	address string
	rate    int // requests a second
	clients int
}

// outcome is what came of paced load.
type outcome struct {
	sent, good int
	kinds      map[string]int // of failures
	took       time.Duration
}

// rate is the share of requests that were answered well.
func (o outcome) rate() float64 { return float64(o.good) / float64(o.sent) }

// run sends n requests.
func (p paced) run(t testing.TB, n int) outcome {
	t.Helper()
	var next atomic.Int64
	var mu sync.Mutex
	var work sync.WaitGroup
	out := outcome{sent: n, kinds: map[string]int{}}
	began := time.Now()
	for range p.clients {
		work.Go(func() {
			c := &httpClient{address: p.address}
			defer c.close()
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(p.rate))))
				kind := c.raw("GET / HTTP/1.1\r\nHost: a\r\n\r\n").failure()
				mu.Lock()
				if kind == "" {
					out.good++
				} else {
					out.kinds[kind]++
				}
				mu.Unlock()
			}
		})
	}
	work.Wait()
	out.took = time.Since(began)
	return out
}
