package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// load is a number of clients, each of which makes one request after the other.
type load struct {
	t       testing.TB
	d       driver
	address string
	clients int
	write   bool
	pause   time.Duration // between a reply and the next request
	path    func(n int) string
	// leave tells a client that it is not to go on after that result.
	leave func(r result) bool

	stop chan struct{}
	once sync.Once
	work sync.WaitGroup
	mu   sync.Mutex
	tally
}

// tally is what came of the requests.
type tally struct {
	sent, good int
	failures   map[string]int    // by kind
	failed     map[string]string // kind by id, of those whose connection was made
	done       map[string]bool   // ids with a good reply, of writes only
	longest    time.Duration     // from request to reply
	last       int               // replies that ended their connection
}

// begin starts the clients.
func (l *load) begin() *load {
	l.stop = make(chan struct{})
	l.tally = tally{failures: map[string]int{}, failed: map[string]string{}, done: map[string]bool{}}
	for i := range l.clients {
		l.work.Go(func() { l.client(i) })
	}
	l.t.Cleanup(func() { l.end() })
	return l
}

func (l *load) client(i int) {
	c := l.d.dial(l.address)
	defer c.close()
	for n := 0; ; n++ {
		select {
		case <-l.stop:
			return
		default:
		}
		q := query{id: fmt.Sprintf("%s-%d-%d", word(l.write), i, n), write: l.write}
		if l.path != nil {
			q.path = l.path(i + n)
		}
		began := time.Now()
		r := c.do(q)
		l.note(q, r, time.Since(began))
		if l.leave != nil && l.leave(r) {
			return
		}
		if l.pause > 0 {
			time.Sleep(l.pause)
		}
	}
}

func word(write bool) string {
	if write {
		return "write"
	}
	return "read"
}

func (l *load) note(q query, r result, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kind := r.failure()
	if strings.HasPrefix(kind, "dial: ") {
		l.failures[kind]++
		return // never sent
	}
	l.sent++
	l.longest = max(l.longest, took)
	if r.last {
		l.last++
	}
	if kind != "" {
		l.failures[kind]++
		l.failed[q.id] = kind
		return
	}
	l.good++
	if q.write {
		l.done[q.id] = true
	}
}

// end stops the clients, each after its reply.
func (l *load) end() tally {
	l.once.Do(func() { close(l.stop) })
	l.work.Wait()
	return l.tally
}

// count is how many requests had a good reply so far.
func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.good
}

// more waits for n more good replies.
func (l *load) more(n int) {
	l.t.Helper()
	from := l.count()
	await(l.t, "replies", func() bool { return l.count() >= from+n })
}

func (t tally) errors() string {
	if len(t.failures) == 0 {
		return "none"
	}
	var all []string
	for _, k := range slices.Sorted(maps.Keys(t.failures)) {
		all = append(all, fmt.Sprintf("%d x %s", t.failures[k], k))
	}
	return strings.Join(all, ", ")
}

// clean fails the test for any error.
func (t tally) clean(tb testing.TB) {
	tb.Helper()
	if len(t.failures) > 0 {
		tb.Errorf("errors: %s", t.errors())
	}
}
