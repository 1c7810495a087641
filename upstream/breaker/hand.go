package breaker

// ByHand is the reason of an ejection that a person made.
const ByHand = "by_hand"

// Forced tells whether the endpoint is out by hand. Hot.
func (b *Breaker) Forced() bool {
	s, _ := b.load()
	return s == Forced
}

// Eject takes the endpoint out until Readmit, whatever it does. leave asks for
// the place of a healthy one; false: there was none. One that is out already
// has its place. leave is called with the breaker's lock held.
func (b *Breaker) Eject(leave func() bool, now int64) bool {
	b.mu.Lock()
	s, _ := b.load()
	switch {
	case s == Forced:
		b.mu.Unlock()
		return true
	case s == Healthy && !leave():
		b.mu.Unlock()
		return false
	case s == Healthy:
		b.total++
		b.counted = now
	default:
		b.count(now)
	}
	b.reason = ByHand
	b.kept.end()
	b.prober.Store(nil)
	b.become(Forced, now)
	b.mu.Unlock()
	if s == Healthy {
		b.params.Ejected(ByHand)
	}
	return true
}

// Readmit makes the endpoint healthy, whatever it is out for, and forgets what
// spoke against it. It tells whether it was out.
func (b *Breaker) Readmit(now int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.series = 0
	b.kept.end()
	if s, _ := b.load(); s != Healthy {
		b.readmit(now)
		return true
	}
	b.forget()
	return false
}
