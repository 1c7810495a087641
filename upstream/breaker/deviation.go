package breaker

import "math"

const (
	// minHosts is how many endpoints must have enough requests to be compared:
	// of fewer, one that fails moves the mean of all by too much.
	minHosts = 5
	// minFailures is how many failures an endpoint has at least that deviates.
	// The others' rate may be 100 %, and then any single failure would do.
	minFailures = 5
	// chance is how many standard deviations of pure chance an endpoint must be
	// away from the mean besides. Where all fail alike, at random, some are always
	// the worst, and the spread between endpoints is that of chance itself.
	chance = 3
)

// Sample is what an endpoint was asked, and failed at, in its window.
type Sample struct{ Requests, Failed uint64 }

// Deviates tells which endpoints fail much more than the others: their success
// rate is below the mean of all by more than factor times the standard deviation
// of the population, and by more than chance explains. Those with less than min
// requests are left out; of fewer than five nobody deviates, as when
// factor is 0. It calls each with the index of one.
//
// It cannot see what it is measured by: of n endpoints of which k answer nothing
// and the others everything, none deviates once k/n >= 1/(1+factor*factor), 21.7 %
// at 1.9. So it stands beside the absolute rules and replaces none.
func Deviates(samples []Sample, least uint64, factor float64, each func(i int)) {
	if factor <= 0 {
		return
	}
	n, sum, squares, requests, failed := 0, 0.0, 0.0, 0.0, 0.0
	for _, s := range samples {
		if s.Requests >= max(1, least) {
			rate := s.rate()
			n++
			sum += rate
			squares += rate * rate
			requests += float64(s.Requests)
			failed += float64(s.Failed)
		}
	}
	if n < minHosts {
		return
	}
	mean := sum / float64(n)
	sigma := math.Sqrt(max(0, squares/float64(n)-mean*mean))
	for i, s := range samples {
		if s.Requests < max(1, least) || s.Failed < minFailures || s.rate() >= mean-factor*sigma {
			continue
		}
		if all := failed / requests; s.unlikely(all) {
			each(i)
		}
	}
}

func (s Sample) rate() float64 { return 1 - float64(s.Failed)/float64(s.Requests) }

// unlikely tells whether chance alone explains the failures, where each request
// fails with the chance q.
func (s Sample) unlikely(q float64) bool {
	n := float64(s.Requests)
	return float64(s.Failed) > n*q+chance*math.Sqrt(n*q*(1-q))
}

// Recent is what was counted in the window up to now; nothing of an endpoint
// that is out.
func (b *Breaker) Recent(now int64) Sample {
	if s, _ := b.load(); s != Healthy {
		return Sample{}
	}
	n, failed := b.recent.sum(now, int64(b.settings.Load().Window)/slots)
	return Sample{n, failed}
}

// Outdone asks to eject the endpoint because it fails more than the others. The
// owner, who alone knows of others, calls it once a period.
func (b *Breaker) Outdone(now int64) {
	if b.kept.mayAsk(now) {
		b.trip(Ejected, Deviation, now)
	}
}
