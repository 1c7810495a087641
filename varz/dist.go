package varz

import "math"

// Dist is what a histogram held at one time: a plain value that is read by one
// goroutine. Times are nanoseconds.
type Dist struct {
	Count uint64
	Sum   int64
	Max   int64
	cells [buckets]uint64
}

// Merge adds the values of o. Buckets are added, never samples drawn from
// them, so any number of small sources keeps every value.
func (d *Dist) Merge(o *Dist) {
	for i, n := range o.cells {
		d.cells[i] += n
	}
	d.Count += o.Count
	d.Sum += o.Sum
	d.Max = max(d.Max, o.Max)
}

// subtract takes off an earlier state of the same histogram.
func (d *Dist) subtract(o *Dist) {
	for i, n := range o.cells {
		d.cells[i] -= n
	}
	d.Count -= o.Count
	d.Sum -= o.Sum
}

// settle makes Max agree with the buckets: an Observe that was read between
// its bucket and its maximum would else cap quantiles below their bucket.
func (d *Dist) settle() {
	for i := above; i >= 0; i-- {
		if d.cells[i] != 0 {
			d.Max = max(d.Max, lower(i))
			return
		}
	}
}

// Mean is the exact mean, 0 of nothing.
func (d *Dist) Mean() int64 {
	if d.Count == 0 {
		return 0
	}
	return d.Sum / int64(d.Count)
}

// Quantile is the value at rank (Count-1)*p, interpolated between the two
// ranks around it; p is 0 to 1. It is within 1/16 of the true one inside the
// buckets' range, never above Max, and 0 of nothing.
func (d *Dist) Quantile(p float64) int64 {
	if d.Count == 0 {
		return 0
	}
	k := float64(d.Count-1) * min(max(p, 0), 1)
	lo := uint64(k)
	a := d.at(lo)
	if part := k - math.Floor(k); part > 0 && lo+1 < d.Count {
		a += (d.at(lo+1) - a) * part
	}
	return int64(a)
}

// at is the value of the given rank, counted from 0. The values of a bucket
// are taken to be spread evenly over it.
func (d *Dist) at(rank uint64) float64 {
	for i, n := range d.cells {
		if rank >= n {
			rank -= n
			continue
		}
		lo, hi := float64(lower(i)), float64(d.Max)
		if i < above {
			hi = min(float64(lower(i+1)), max(hi, lo))
		}
		return lo + (hi-lo)*(float64(rank)+0.5)/float64(n)
	}
	return float64(d.Max)
}

// Below is how many values were at most ns, for exposition in coarser buckets.
// The share of the bucket that ns falls into is rounded down, so that between
// two readings it never falls, and it never exceeds Count.
func (d *Dist) Below(ns int64) uint64 {
	if ns < 0 {
		return 0
	}
	at, sum := index(ns), uint64(0)
	for _, n := range d.cells[:at] {
		sum += n
	}
	if at == above {
		if ns >= d.Max {
			sum += d.cells[above]
		}
		return sum
	}
	lo, hi := lower(at), lower(at+1)
	return sum + uint64(float64(d.cells[at])*(float64(ns-lo)/float64(hi-lo)))
}
