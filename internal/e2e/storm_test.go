package e2e

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	stormRate     = 1000
	stormBudget   = 0.2 // retry.budget
	stormReserve  = 10  // retry.min_per_second
	stormRetries  = 2   // retry.max_retries
	stormBackends = 10
)

// storm is ten backends that fail as often as the test says, and count.
type storm struct {
	backends [stormBackends]struct {
		fail  atomic.Uint64 // share of requests, of 2^32
		tries atomic.Int64
	}
	addresses []string
}

func newStorm(t *testing.T) *storm {
	s := &storm{}
	for i := range s.backends {
		b := &s.backends[i]
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			b.tries.Add(1)
			if uint64(rand.Uint32()) < b.fail.Load() {
				w.WriteHeader(503)
			}
			io.WriteString(w, "x")
		}))
		t.Cleanup(srv.Close)
		s.addresses = append(s.addresses, strings.TrimPrefix(srv.URL, "http://"))
	}
	return s
}

// set makes the first n backends fail that share of their requests.
func (s *storm) set(n int, share float64) {
	for i := range s.backends {
		b := &s.backends[i]
		b.fail.Store(0)
		if i < n {
			b.fail.Store(uint64(share * (1 << 32)))
		}
	}
}

// conf has uniform picks, so that what they meet can be reckoned.
func (s *storm) conf(breaker string) conf {
	return conf{
		discover: strings.Join(s.addresses, ","),
		upstream: "[upstream.web.balance]\npolicy = \"p2c\"\n" +
			fmt.Sprintf("[upstream.web.retry]\nbudget = %v\nmin_per_second = %d\nmax_retries = %d\n", stormBudget, stormReserve, stormRetries) +
			"[upstream.web.breaker]\n" + breaker,
	}
}

// tries are all requests that backends got since the last call.
func (s *storm) tries() (n int64) {
	for i := range s.backends {
		n += s.backends[i].tries.Swap(0)
	}
	return n
}

const noBreaker = "consecutive_failures = 0\nsuccess_rate = 0.0\n"

// budgeted is the share of requests that succeed where retries are paid from a
// budget of beta for each request, and the tries that are made for each, when
// the first try fails with the chance q[0], the second with q[1], the third
// with q[2].
//
// Let g be the chance that a retry that is wanted is paid for. A request wants
// its first with the chance q0, and its second, if it had that, with q1:
//
//	retries a request    r(g) = q0 g (1 + q1 g)
//
// With g = 1 they are what is wanted. If that is more than beta the budget is
// always near its end and gives out as much as it takes in: r(g) = beta. Then
//
//	success              S = 1 - q0 + q0 g (1 - q1) + q0 g q1 g (1 - q2)
func budgeted(q [3]float64, beta float64) (success, tries float64) {
	g := 1.0
	if q[0]*(1+q[1]) > beta {
		// q0 q1 g^2 + q0 g - beta = 0
		a, b := q[0]*q[1], q[0]
		g = (-b + math.Sqrt(b*b+4*a*beta)) / (2 * a)
	}
	first := q[0] * g
	second := first * q[1] * g
	return 1 - q[0] + first*(1-q[1]) + second*(1-q[2]), 1 + first + second
}

// The tolerance of success is three points in the long form. The short one has
// few requests: there it is six standard deviations, or chance alone would fail
// one run in some thousands.
const (
	within3 = 0.03
	within5 = 0.05
)

// TestRetryBudgetConformance: what clients see while backends fail is what the
// budget's arithmetic says, and backends never get more than the budget allows.
func TestRetryBudgetConformance(t *testing.T) {
	seconds, within := 4, within5
	if conformance() {
		seconds, within = 30, within3
	}
	n := seconds * stormRate
	// The reserve of ten seconds is there at once.
	reserve := float64(stormReserve * 10 * ((seconds + 9) / 10))
	beta := stormBudget + reserve/float64(n)
	most := float64(n)*(1+stormBudget) + reserve
	s := newStorm(t)
	run := func(t *testing.T, p *proc, want, wantTries float64) {
		t.Helper()
		s.tries()
		got := paced{address: p.port, rate: stormRate, clients: 64}.run(t, n)
		tries := s.tries()
		t.Logf("%d requests in %v (%.0f/s): success %.2f %%, by the formula %.2f %%; %.4f tries a request, by the formula %.4f, at most %.4f; %v",
			n, got.took.Round(time.Millisecond), float64(n)/got.took.Seconds(), 100*got.rate(), 100*want,
			float64(tries)/float64(n), wantTries, most/float64(n), got.kinds)
		if math.Abs(got.rate()-want) > within {
			t.Errorf("success %.2f %%, want %.2f %%", 100*got.rate(), 100*want)
		}
		// A slower run may begin the next ten seconds.
		if late := got.took - time.Duration(seconds)*time.Second; float64(tries) > most && late < time.Second {
			t.Errorf("%d tries of %d requests, at most %.0f are allowed", tries, n, most)
		}
	}
	t.Run("all fail", func(t *testing.T) {
		s.set(stormBackends, 1)
		success, tries := budgeted([3]float64{1, 1, 1}, beta)
		run(t, start(t, "", s.conf("")), success, tries)
	})
	t.Run("each fails half of its requests", func(t *testing.T) {
		s.set(stormBackends, 0.5)
		success, tries := budgeted([3]float64{0.5, 0.5, 0.5}, beta)
		run(t, start(t, "", s.conf("")), success, tries)
	})
	t.Run("five of ten fail", func(t *testing.T) {
		// No endpoint is tried twice: of nine left four fail, of eight three.
		s.set(5, 1)
		p := start(t, "", s.conf(noBreaker))
		success, tries := budgeted([3]float64{5.0 / 10, 4.0 / 9, 3.0 / 8}, beta)
		run(t, p, success, tries)
		p.reload(s.conf(""), "configuration reloaded")
		paced{address: p.port, rate: stormRate, clients: 64}.run(t, stormRate/2)
		await(t, "five ejections", func() bool { return p.admin.sum("sidecar.breaker.ejected", "") == 5 })
		after := paced{address: p.port, rate: stormRate, clients: 64}.run(t, n)
		t.Logf("from ejection on: %d requests, success %.3f %%, %v", n, 100*after.rate(), after.kinds)
		if after.rate() < 0.999 {
			t.Errorf("success %.3f %% from ejection on", 100*after.rate())
		}
	})
}

// What each try ended with is in the reply, and where in the record.
func TestAnErrorReplyNamesEachTry(t *testing.T) {
	var addresses []string
	for range 2 {
		addresses = append(addresses, freeAddress(t))
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			c.Read(make([]byte, 1)) // and close with the rest unread, which resets
			c.Close()
		}
	}()
	defer func() { ln.Close(); <-served }()
	c := conf{
		discover: strings.Join(append(addresses, ln.Addr().String()), ","),
		upstream: "[upstream.web.pool]\nlow_watermark = 0\n[upstream.web.breaker]\n" + noBreaker,
	}
	p := start(t, "", c)
	client := &httpClient{address: p.port}
	defer client.close()
	r := client.do(query{id: "one"})
	line := ""
	for text := range strings.Lines(r.body) {
		if rest, ok := strings.CutPrefix(text, "tries: "); ok {
			line = strings.TrimSpace(rest)
		}
	}
	told := strings.Split(line, ", ")
	await(t, "the record", func() bool { return len(p.admin.why("request_id=one")) > 0 })
	entries := p.admin.why("request_id=one")
	if len(entries) != 1 || len(entries[0].Tries) != r.attempts || len(told) != r.attempts || r.attempts < 3 {
		t.Fatalf("%d attempts, told %q, /why %+v", r.attempts, line, entries)
	}
	for i, try := range entries[0].Tries {
		if told[i] != try.Reason || try.Endpoint == "" || try.Stage == "" {
			t.Errorf("try %d: told %q, /why %+v", i+1, told[i], try)
		}
	}
	if strings.Contains(r.body, "127.0.0.1") {
		t.Errorf("the reply names an address: %q", r.body)
	}
	c.listener = "expose_backends = true"
	p.reload(c, "configuration reloaded")
	if r := client.do(query{id: "two"}); strings.Count(r.body, " at 127.0.0.1:") != r.attempts || r.attempts < 3 {
		t.Errorf("with expose_backends: %q", r.body)
	}
}
