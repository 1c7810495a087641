package http

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
)

// readers ask for one key, each with pauses that are exponentially distributed,
// so that all of them together come as a Poisson process.
const (
	stampedeReaders  = 500
	stampedeExpiries = 2000
	stampedeRate     = 15.0             // readings a second, of all readers
	stampedeDelta    = time.Second      // that the backend takes
	stampedeLifetime = 18 * time.Second // of a reply
)

// refreshes counts, for each reply that was stored, the refreshes that began
// before the first of them brought the next.
type refreshes struct {
	mu     sync.Mutex
	epoch  int
	counts []float64 // by epoch; guarded by mu
}

func (r *refreshes) begin() (epoch int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[r.epoch]++
	return r.epoch
}

func (r *refreshes) end(epoch int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if epoch == r.epoch {
		r.epoch++
		r.counts = append(r.counts, 0)
	}
}

// stampede lets the readers read until there were enough expiries and gives the
// mean of refreshes and half of its 95 % interval, in virtual time.
func stampede(t *testing.T, expiries int, beta float64, coalesce bool) (mean, half float64, c *Cache) {
	t.Helper()
	const seed = 2 // of eight seeds the means are 2.724 and 1.655; one interval in twenty misses
	synctest.Test(t, func(t *testing.T) {
		r := &refreshes{counts: []float64{0}}
		back := &counting{r: r}
		set := on()
		set.Beta, set.Coalesce = beta, coalesce
		var one sync.Mutex
		random := rand.New(rand.NewPCG(seed, 0))
		c = NewCache(CacheParams{Random: func() float64 {
			one.Lock()
			defer one.Unlock()
			return random.Float64()
		}}, set)
		s := c.Layer(back)
		through(s, "", said{line: "GET /"})
		enough := make(chan bool)
		var work sync.WaitGroup
		for i := range stampedeReaders {
			own := rand.New(rand.NewPCG(seed, uint64(i+1)))
			work.Go(func() {
				for {
					pause := own.ExpFloat64() * stampedeReaders / stampedeRate
					select {
					case <-time.After(time.Duration(pause * float64(time.Second))):
					case <-enough:
						return
					}
					through(s, "", said{line: "GET /"})
				}
			})
		}
		for {
			time.Sleep(time.Minute)
			r.mu.Lock()
			done := r.epoch > expiries
			r.mu.Unlock()
			if done {
				break
			}
		}
		close(enough)
		work.Wait()
		mean, half = interval(r.counts[1 : expiries+1]) // the first was no refresh
	})
	return mean, half, c
}

// interval is the mean of a sample with half of its 95 % interval.
func interval(sample []float64) (mean, half float64) {
	n := float64(len(sample))
	for _, v := range sample {
		mean += v / n
	}
	square := 0.0
	for _, v := range sample {
		square += (v - mean) * (v - mean)
	}
	return mean, 1.96 * math.Sqrt(square/(n-1)/n)
}

// With readers at random, e^(1/beta) refreshes begin on average before the first
// has come, whatever their rate, how long a refresh takes and how long a reply
// holds: each reading tau before the end refreshes with probability
// exp(-tau/(beta delta)). Coalesced, it is one.
func TestStampedeIsAsSmallAsTheTheorySays(t *testing.T) {
	for _, c := range []struct {
		beta     float64
		coalesce bool
		expiries int
		want     float64
	}{{1, false, stampedeExpiries, math.E}, {2, false, stampedeExpiries / 4, math.Exp(0.5)}, {1, true, stampedeExpiries, 1}} {
		t.Run(fmt.Sprintf("beta %v, coalesce %v", c.beta, c.coalesce), func(t *testing.T) {
			mean, half, cache := stampede(t, c.expiries, c.beta, c.coalesce)
			t.Logf("%d readers, %d expiries: %.3f refreshes each (95 %%: %.3f to %.3f), theory %.3f; %v",
				stampedeReaders, c.expiries, mean, mean-half, mean+half, c.want, cache.State().Requests)
			if math.Abs(mean-c.want) > half+1e-9 {
				t.Errorf("%.3f is not within %.3f of %.3f", mean, half, c.want)
			}
		})
	}
}

// Without early refreshes and coalescing everybody who comes while the first
// refresh is under way goes to the backend: the rate times what it takes, and one.
func TestStampedeWithoutBothIsLarge(t *testing.T) {
	mean, half, _ := stampede(t, stampedeExpiries/10, 0, false)
	want := 1 + stampedeRate*stampedeDelta.Seconds()
	t.Logf("%.2f refreshes each (95 %%: %.2f to %.2f), arithmetic %.2f", mean, mean-half, mean+half, want)
	if math.Abs(mean-want) > want/20 {
		t.Errorf("%.2f, want about %.2f", mean, want)
	}
}

// counting is the backend of the readers.
type counting struct{ r *refreshes }

func (b *counting) Do(ctx context.Context, x *sidecar.Exchange) error {
	epoch := b.r.begin()
	o := &origin{reply: func(int, said) said {
		return said{line: "200", fields: fmt.Sprintf("Cache-Control: max-age=%d", stampedeLifetime/time.Second), body: "x", takes: stampedeDelta}
	}}
	err := o.Do(ctx, x)
	b.r.end(epoch)
	return err
}
