package e2e

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

const (
	sharers  = 64
	slowCall = 10 * time.Millisecond
)

// together is a hold that sends replies when so many calls are under way, the
// last one's first.
func together(n int) func(reply func()) {
	var mu sync.Mutex
	var held []func()
	return func(reply func()) {
		mu.Lock()
		defer mu.Unlock()
		if held = append(held, reply); len(held) < n {
			return
		}
		for _, reply := range slices.Backward(held) {
			reply()
		}
		held = held[:0]
	}
}

// callAll makes n calls with each client, all clients at once, and tells how long
// that took.
func callAll(t testing.TB, clients []*plainClient, n int) time.Duration {
	t.Helper()
	began := time.Now()
	var work sync.WaitGroup
	for i, c := range clients {
		work.Go(func() {
			for j := range n {
				if err := c.echo(fmt.Sprintf("client %d, call %d", i, j)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	work.Wait()
	return time.Since(began)
}

func plainClients(t testing.TB, address string, n int) (all []*plainClient) {
	for range n {
		all = append(all, newPlainClient(t, address))
	}
	return all
}

// No call is answered before all are under way: one that waited for another's
// reply would wait for ever.
func TestCallsThatShareAConnectionDoNotWaitForEachOther(t *testing.T) {
	b := newCallBackend(t, together(sharers))
	p := start(t, "", conf{protocol: "thrift", discover: b.address, upstream: `protocol = "thriftmux"`})
	callAll(t, plainClients(t, p.port, sharers), 5)
	if n := b.used(); n != 1 {
		t.Errorf("the calls of %d clients came over %d connections, want 1", sharers, n)
	}
}

// The same in figures: calls of 10 ms through one shared connection beside one
// connection for each client, in rounds by turns.
func TestConformanceOfThroughputOverOneConnection(t *testing.T) {
	if !conformance() {
		t.Log("the ratio is measured with SIDECAR_CONFORMANCE=1 only: it needs a program built without the race detector")
		return
	}
	program := built(t)
	var replies sync.WaitGroup
	t.Cleanup(replies.Wait)
	later := func(reply func()) {
		replies.Add(1)
		time.AfterFunc(slowCall, func() { defer replies.Done(); reply() })
	}
	var ratios []float64
	var backends []*callBackend
	var clients [][]*plainClient
	for _, protocol := range []string{"thriftmux", "thrift"} {
		b := newCallBackend(t, later)
		p := start(t, program, conf{protocol: "thrift", discover: b.address, upstream: fmt.Sprintf("protocol = %q", protocol)})
		backends, clients = append(backends, b), append(clients, plainClients(t, p.port, sharers))
	}
	const rounds, each = 15, 50
	for range rounds {
		shared := callAll(t, clients[0], each)
		ratios = append(ratios, float64(callAll(t, clients[1], each))/float64(shared))
	}
	slices.Sort(ratios)
	t.Logf("%d clients, calls of %v, %d rounds of %d each: calls/s over %d connection beside %d: %.3f (%.3f to %.3f)",
		sharers, slowCall, rounds, each, backends[0].used(), backends[1].used(), ratios[rounds/2], ratios[0], ratios[rounds-1])
	if ratios[rounds/2] < 0.9 {
		t.Errorf("calls/s over one connection are %.2f of those over %d, want at least 0.9", ratios[rounds/2], sharers)
	}
	if shared, own := backends[0].used(), backends[1].used(); shared != 1 || own != sharers {
		t.Errorf("calls came over %d and %d connections, want 1 and %d", shared, own, sharers)
	}
}
