package e2e

import (
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sidecar/why"
)

// Five servers under load. All processes of one are killed, those of another
// stopped, and both brought back. Reads see no error: those that were under
// way are tried elsewhere. Writes that had been sent when their server went may
// have been executed and are not sent again: their clients are told.
func TestFailoverConformance(t *testing.T) {
	eachDriver(t, func(t *testing.T, d driver) {
		t.Run("read", func(t *testing.T) { failover(t, d, false) })
		t.Run("write", func(t *testing.T) { failover(t, d, true) })
	})
}

// failoverPlan is how long each phase of it takes.
type failoverPlan struct {
	phase   time.Duration
	backoff string // of the breaker
}

func failover(t *testing.T, d driver, write bool) {
	plan := failoverPlan{1200 * time.Millisecond, "min_backoff = \"1s\""}
	if conformance() {
		plan = failoverPlan{12 * time.Second, ""}
	}
	var backends []*server
	var addresses []string
	for range 5 {
		b := d.backend(t)
		backends, addresses = append(backends, b), append(addresses, b.address)
	}
	p := start(t, "", conf{
		protocol: d.protocol, discover: strings.Join(addresses, ","),
		upstream: "attempt_timeout = \"500ms\"\n[upstream.web.breaker]\n" + plan.backoff,
		more:     d.sections,
	})
	record := follow(p.admin)
	l := (&load{t: t, d: d, address: p.port, clients: 200, write: write, pause: 5 * time.Millisecond}).begin()
	killed, stopped := backends[1], backends[3]
	time.Sleep(plan.phase)
	// Stopped for a moment first: it would else have nothing under way.
	killed.group(syscall.SIGSTOP)
	time.Sleep(50 * time.Millisecond)
	killed.kill()
	time.Sleep(plan.phase)
	stopped.group(syscall.SIGSTOP)
	time.Sleep(plan.phase)
	killed.start()
	stopped.group(syscall.SIGCONT)
	// Time outs double with each dial that fails, up to a minute.
	awaitFor(t, 2*time.Minute, "all endpoints back", func() bool { return allOpen(p.admin) && serving(p.admin, killed, stopped) })
	time.Sleep(plan.phase)
	got := l.end()
	entries := record.end()

	t.Logf("%s %s: 200 connections, 5 servers, one killed, one stopped, both back: %d requests, errors: %s; "+
		"%.0f retries, %.0f requeues, %.0f ejections, %.0f readmissions; longest %v",
		d.protocol, word(write), got.sent, got.errors(), p.admin.sum("sidecar.retry.retries", ""), p.admin.sum("sidecar.retry.requeues", ""),
		p.admin.sum("sidecar.breaker.ejections", ""), p.admin.sum("sidecar.breaker.readmissions", ""), got.longest.Round(time.Millisecond))
	for id, kind := range got.failed {
		e, known := entries[id]
		switch {
		case !known:
			t.Errorf("%s: %s: no entry in /why", id, kind)
		case !write && e.Commit == nil:
			t.Errorf("%s: %s: no reply had been committed; /why: %+v", id, kind, e)
		case write && (kind != e.Reason || !maybeExecuted(e)):
			t.Errorf("%s: %s: told although it had not been sent; /why: %+v", id, kind, e)
		}
	}
	for kind, n := range got.failures {
		if strings.HasPrefix(kind, "dial: ") {
			t.Errorf("%d x %s", n, kind)
		}
	}
	if write {
		noneTwice(t, got, backends)
	}
}

// maybeExecuted tells whether the last try of a failed exchange had been sent.
func maybeExecuted(e why.Entry) bool {
	switch e.Reason {
	case "peer_reset", "peer_closed", "attempt_timeout":
		return len(e.Tries) > 0 && e.Tries[len(e.Tries)-1].BytesOut > 0
	}
	return false
}

// noneTwice compares what the servers have executed with what clients know.
func noneTwice(t *testing.T, got tally, backends []*server) {
	t.Helper()
	executed := map[string]int{}
	for _, b := range backends {
		for id, n := range settled(b) {
			executed[id] += n
		}
	}
	twice, missing, unknown := 0, 0, 0
	for id, n := range executed {
		if n > 1 {
			twice++
			t.Errorf("%s was executed %d times", id, n)
		}
		if !got.done[id] {
			unknown++
		}
	}
	for id := range got.done {
		if executed[id] == 0 {
			missing++
		}
	}
	t.Logf("executed: %d, of them %d twice; %d of %d good replies without an execution in the logs; %d executed of those that failed",
		len(executed), twice, missing, len(got.done), unknown)
	// The killed server has one worker, which may have answered one request and
	// not come to logging it.
	if missing > 1 {
		t.Errorf("%d requests had a good reply and are in no server's log", missing)
	}
}

func allOpen(a admin) bool {
	rows := a.rows()
	for _, r := range rows {
		if r.State == "closed" || r.Breaker.State != "healthy" {
			return false
		}
	}
	return len(rows) > 0
}

// serving tells whether each of the servers has a connection again.
func serving(a admin, list ...*server) bool {
	for _, s := range list {
		if r, ok := a.row(s.address); !ok || r.Pool.Size == 0 {
			return false
		}
	}
	return true
}

// recorder collects the failed exchanges that /why tells, which keeps only the
// latest.
type recorder struct {
	a    admin
	stop chan struct{}
	once sync.Once
	work sync.WaitGroup
	all  map[string]why.Entry // by id
}

func follow(a admin) *recorder {
	r := &recorder{a: a, stop: make(chan struct{}), all: map[string]why.Entry{}}
	r.work.Go(func() {
		for last := false; ; {
			for _, e := range a.why("outcome=failed") {
				r.all[e.RequestID] = e
			}
			if last {
				return
			}
			select {
			case <-r.stop:
				last = true
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
	a.t.Cleanup(func() { r.end() })
	return r
}

func (r *recorder) end() map[string]why.Entry {
	r.once.Do(func() { close(r.stop) })
	r.work.Wait()
	return r.all
}
