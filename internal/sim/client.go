package sim

import (
	"math/rand/v2"
	"time"

	"sidecar"
	"sidecar/balance"
	"sidecar/upstream/retry"
)

// Picker is what all pickers are.
type Picker interface {
	Pick(x *sidecar.Exchange, now int64) balance.Node
	Done(n balance.Node, requests int, now int64)
	Update(nodes []balance.Node, now int64)
}

// narrow is a picker that uses some of the nodes only.
type narrow interface {
	Members() []uint64
	Has(id uint64) bool
}

// client is one sidecar, with the application that sends through it: requests
// come at random times (a Poisson process) whatever becomes of those before
// them, so a slow backend does not slow its callers down.
type client struct {
	world  *World
	number int
	random *rand.Rand
	picker Picker
	nodes  []*node // by the backend's number
	known  int     // of them announced
	away   bool    // its process is not there
	awaits *node   // an ejected one that no picker would come to, for its probe
	budget *retry.Budget
	quota  quota
	costs  *balance.Costs // nil where requests alone count
	links  links
	idle   []*flight
}

// act is the arrival of a request.
func (c *client) act(now int64) {
	w := c.world
	w.file(now+int64(c.random.ExpFloat64()/(w.scenario.Rate*w.rush)*1e9), c)
	if c.away {
		return
	}
	var f *flight
	if n := len(c.idle); n > 0 {
		f, c.idle = c.idle[n-1], c.idle[:n-1]
	} else {
		f = &flight{client: c}
	}
	f.exchange.Begin(f, nil, now)
	f.paid, f.began, f.deadline = 0, now, now+int64(w.scenario.Timeout)
	if c.budget != nil {
		c.budget.Deposit(1, now)
	}
	c.try(f, now)
}

// maxPicks is how often one try asks the balancer, as the cluster does.
const maxPicks = 4

// try sends f to a backend.
func (c *client) try(f *flight, now int64) {
	w := c.world
	f.node, f.balanced = c.choose(f, now)
	if f.node == nil {
		f.result = refused
		c.over(f, now)
		return
	}
	n := f.node
	n.pending++
	f.started = now
	f.exchange.Try("", n.ID(), now)
	c.links.use(n, now)
	end, o := n.host.serve(w.scenario.Service, c.random, now)
	if w.measuring {
		w.tally.tries++
		if o != refused {
			n.host.requests++
		}
	}
	if end > f.deadline {
		end, o = f.deadline, late
	}
	f.result = o
	w.file(end, f)
}

// choose is the balancer's choice, or an ejected backend that awaits its probe.
func (c *client) choose(f *flight, now int64) (_ *node, balanced bool) {
	if n := c.awaits; n != nil && f.exchange.Tries.Len() == 0 {
		c.awaits = nil
		if n.breaker.Ready(now) && n.claim(f, now) {
			return n, false
		}
	}
	for i := 1; ; i++ {
		picked := c.picker.Pick(&f.exchange, now)
		if picked == nil {
			return nil, false
		}
		n := picked.(*node)
		if n.claim(f, now) || i == maxPicks {
			return n, true
		}
		c.picker.Done(picked, 1, now)
	}
}

// landed ends f's try and begins its next one, or ends f.
func (c *client) landed(f *flight, now int64) {
	n, o := f.node, f.result
	n.learn(f, o, now)
	n.observe(o, f.started, now)
	n.pending--
	if f.balanced {
		c.picker.Done(n, 1, now)
	}
	c.links.release(n, now)
	again, wait := c.again(f, o, now)
	switch {
	case !again:
		c.over(f, now)
	case wait == 0:
		c.try(f, now)
	default:
		f.waits = true
		c.world.file(now+wait, f)
	}
}

// maxTries is how many tries an exchange makes at most, as retry has it.
const maxTries = 8

// again says what the retry layer would: a request that reached nobody goes
// elsewhere for nothing, a 503 as often as is configured and the budget pays.
// All requests are idempotent here.
func (c *client) again(f *flight, o outcome, now int64) (again bool, wait int64) {
	if o == success || o == late || c.budget == nil || f.exchange.Tries.Len() >= maxTries || now >= f.deadline {
		return false, 0
	}
	if o == refused {
		ok, _ := c.budget.Requeue(1, now)
		return ok && f.exchange.Tries.Len() < c.known, 0
	}
	if f.paid >= c.world.scenario.Retries || !c.budget.Withdraw(1, now) {
		return false, 0
	}
	f.paid++
	ceiling := min(maxBackoff, minBackoff<<(f.paid-1))
	return true, min(int64(c.random.Float64()*float64(ceiling)), (f.deadline-now)/2)
}

// The wait before a try that is paid for, as configured by default: at random
// up to a time that doubles.
const (
	minBackoff = int64(25 * time.Millisecond)
	maxBackoff = int64(250 * time.Millisecond)
)

// over ends f.
func (c *client) over(f *flight, now int64) {
	if w := c.world; w.measuring && f.began >= w.began {
		w.tally.done(f.result, now-f.began)
	}
	c.idle = append(c.idle, f)
}
