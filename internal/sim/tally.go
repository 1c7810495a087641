package sim

import (
	"math"
	"time"
)

// Tally is what became of requests and how long they took.
type Tally struct {
	OK, Failed, Late int64
	tries, ejections int64
	latency          []int64 // by bucket, of all that did not fail
}

// growth is how much wider each bucket is than the one before: percentiles are
// good to one per cent.
const growth = 1.01

func (t *Tally) done(o outcome, took int64) {
	switch o {
	case success:
		t.OK++
	case late:
		t.Late++
	default:
		t.Failed++
		return
	}
	b := int(math.Log(float64(max(took, 1))) / math.Log(growth))
	if b >= len(t.latency) {
		t.latency = append(t.latency, make([]int64, b+1-len(t.latency))...)
	}
	t.latency[b]++
}

func (t *Tally) add(o *Tally) {
	t.OK, t.Failed, t.Late = t.OK+o.OK, t.Failed+o.Failed, t.Late+o.Late
	t.tries, t.ejections = t.tries+o.tries, t.ejections+o.ejections
	if len(o.latency) > len(t.latency) {
		t.latency = append(t.latency, make([]int64, len(o.latency)-len(t.latency))...)
	}
	for b, n := range o.latency {
		t.latency[b] += n
	}
}

// Requests is all that ended.
func (t *Tally) Requests() int64 { return t.OK + t.Failed + t.Late }

// Success is the share of them that got a good answer in time.
func (t *Tally) Success() float64 { return float64(t.OK) / float64(max(1, t.Requests())) }

// Tries is how many tries were made for each request.
func (t *Tally) Tries() float64 { return float64(t.tries) / float64(max(1, t.Requests())) }

// Ejections is how often a breaker took a backend out.
func (t *Tally) Ejections() int64 { return t.ejections }

// Percentile is the time within which the share p of those that were answered,
// or gave up, had ended.
func (t *Tally) Percentile(p float64) time.Duration {
	total := int64(0)
	for _, n := range t.latency {
		total += n
	}
	rest := int64(math.Ceil(p * float64(total)))
	for b, n := range t.latency {
		if rest -= n; rest <= 0 && n > 0 {
			return time.Duration(math.Pow(growth, float64(b)+0.5))
		}
	}
	return 0
}
