package http

import (
	"context"
	"hash/maphash"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/varz"
)

// CacheMode is what a cache does.
type CacheMode uint8

const (
	// CacheOff: it lets everything pass.
	CacheOff CacheMode = iota
	// CacheDark: it stores and counts what it would have answered, and answers
	// nothing.
	CacheDark
	// CacheOn: it answers.
	CacheOn
)

// CacheSettings are what may change while a cache runs.
type CacheSettings struct {
	Mode         CacheMode
	MaxBytes     int64         // of all stored replies
	MaxEntry     int64         // of the body of one
	Beta         float64       // of early refreshes, 0 for none; more than 1 comes earlier
	Coalesce     bool          // of requests for the same thing at once, one asks the backend
	CoalesceWait time.Duration // how long the others wait for it
	// LastGood is how long after its time a reply may stand in for a failure
	// that does not say so itself, unless it forbids it; 0 for none.
	LastGood time.Duration
}

// CacheParams are a cache's fixed parts.
type CacheParams struct {
	Listener string
	Registry *varz.Registry
	Random   func() float64 // even over [0, 1); nil: the runtime's
}

// Cache stores the replies to GET that say for how long they hold, and answers
// with them (RFC 9111, as a cache that several clients share). One belongs to
// one listener: what came by another is never seen. Safe for concurrent use.
type Cache struct {
	set     atomic.Pointer[CacheSettings]
	store   *store
	flights flights
	filling atomic.Int64 // bytes of replies that are coming
	seed    maphash.Seed
	random  func() float64
	stats   cacheStats
}

// cacheStats counts requests by what the cache did, and its own work.
type cacheStats struct {
	hit, coalesced, miss, refresh, early, revalidated, stale, pass *varz.Counter
	stored, invalidated                                            *varz.Counter
}

// NewCache makes a cache.
func NewCache(p CacheParams, s CacheSettings) *Cache {
	c := &Cache{store: newStore(s.MaxBytes), seed: maphash.MakeSeed(), random: p.Random}
	if c.random == nil {
		c.random = rand.Float64
	}
	c.set.Store(&s)
	at := varz.Source{Listener: p.Listener}
	of := func(what string) *varz.Counter {
		return p.Registry.Counter(varz.CacheRequests, varz.Source{Listener: p.Listener, Reason: what})
	}
	c.stats = cacheStats{
		hit: of("hit"), coalesced: of("coalesced"), miss: of("miss"), refresh: of("refresh"), early: of("early"),
		revalidated: of("revalidated"), stale: of("stale"), pass: of("pass"),
		stored: p.Registry.Counter(varz.CacheStored, at), invalidated: p.Registry.Counter(varz.CacheInvalidations, at),
	}
	p.Registry.GaugeFunc(varz.CacheBytes, at, func() float64 { return float64(c.store.kept.WeightedSize()) })
	p.Registry.GaugeFunc(varz.CacheTargets, at, func() float64 { return float64(c.store.kept.EstimatedSize()) })
	return c
}

// Set changes the settings for requests that begin from now on. A cache that is
// switched off forgets everything.
func (c *Cache) Set(s CacheSettings) {
	c.set.Store(&s)
	if s.Mode == CacheOff {
		c.store.kept.InvalidateAll()
	}
	c.store.kept.SetMaximum(uint64(max(s.MaxBytes, 1)))
}

// CacheState is what a cache holds and has done since the start.
type CacheState struct {
	Targets  int               `json:"targets"`
	Bytes    uint64            `json:"bytes"`
	Stored   uint64            `json:"stored"`
	Dropped  uint64            `json:"invalidated"`
	Requests map[string]uint64 `json:"requests"`
}

// State tells what the cache holds and has done.
func (c *Cache) State() CacheState {
	s := &c.stats
	return CacheState{
		Targets: c.store.kept.EstimatedSize(), Bytes: c.store.kept.WeightedSize(), Stored: s.stored.Value(), Dropped: s.invalidated.Value(),
		Requests: map[string]uint64{
			"hit": s.hit.Value(), "coalesced": s.coalesced.Value(), "miss": s.miss.Value(), "refresh": s.refresh.Value(),
			"early": s.early.Value(), "revalidated": s.revalidated.Value(), "stale": s.stale.Value(), "pass": s.pass.Value(),
		},
	}
}

// Clear forgets everything that is stored; what is under way is stored when it
// has come. It tells how many targets that were.
func (c *Cache) Clear() int {
	n := c.store.kept.EstimatedSize()
	c.store.kept.InvalidateAll()
	return n
}

// Layer puts the cache before next. It stands behind the filters, so that what
// is stored is what the backend said to the request as it was sent.
func (c *Cache) Layer(next sidecar.Service) sidecar.Service {
	return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		set := c.set.Load()
		if set.Mode == CacheOff {
			return next.Do(ctx, x)
		}
		m, ok := x.Msg.(Cached)
		if !ok {
			return noHTTP()
		}
		method, _ := x.Msg.Attr(sidecar.Selector{Attr: AttrMethod})
		switch string(method) {
		case "GET", "HEAD":
			return c.get(ctx, x, m, next, set, len(method) == len("HEAD"))
		case "OPTIONS", "TRACE":
			return next.Do(ctx, x)
		}
		return c.change(ctx, x, m, next)
	})
}

// change passes a request on that may change its target, and drops what is
// stored of that: "A cache MUST invalidate the target URI when it receives a
// non-error status code in response to an unsafe request method" (RFC 9111, 4.4).
//
// It is dropped before the reply's first byte goes out: whoever has that must
// not be told of the time before.
func (c *Cache) change(ctx context.Context, x *sidecar.Exchange, m Cached, next sidecar.Service) error {
	l := &alteration{c: c, a: asking{cached: m}}
	if !l.a.name(x.Msg, c.seed) {
		return next.Do(ctx, x)
	}
	m.Tap(l, "")
	err := next.Do(ctx, x)
	if !l.seen && x.Msg.Class() == sidecar.Success {
		l.drop()
	}
	return err
}

// alteration is the Tap of a request that may change its target.
type alteration struct {
	c    *Cache
	a    asking
	seen bool
}

// Head drops what is stored of the target unless the request failed.
func (l *alteration) Head(h Head) (instead *Stored, note []byte, keep bool) {
	l.seen = true
	if ClassOf(h.Status()) == sidecar.Success {
		l.drop()
	}
	return nil, nil, false
}

// Body is never called: nothing is kept.
func (l *alteration) Body([]byte) {}

func (l *alteration) drop() {
	if l.c.store.drop(&l.a) {
		l.c.stats.invalidated.Inc()
	}
}

// get answers a GET or HEAD, or passes it on. Where it answers from the store
// it allocates nothing.
func (c *Cache) get(ctx context.Context, x *sidecar.Exchange, m Cached, next sidecar.Service, set *CacheSettings, head bool) error {
	var a asking
	if !a.read(x.Msg, m, c.seed) {
		c.stats.pass.Inc()
		return next.Do(ctx, x)
	}
	e := c.find(&a, x.Dest)
	fresh := e != nil && a.takes(e, x.Now())
	switch {
	case fresh && set.Mode == CacheDark:
		c.stats.hit.Inc()
		return next.Do(ctx, x)
	case fresh && (head || a.onlyIfCached || set.Beta <= 0 || !e.early(e.left(x.Now()), set.Beta, c.random)):
		c.stats.hit.Inc()
		return c.hit(x, &a, e, "")
	case a.onlyIfCached && set.Mode == CacheOn && !fresh:
		c.stats.pass.Inc()
		return answer(x, 504, "Cache-Status: sidecar; fwd=request; detail=only-if-cached\r\n", nil)
	case head:
		c.stats.pass.Inc()
		return next.Do(ctx, x)
	}
	return c.ask(ctx, x, next, request{asking: a, set: set}, e, fresh)
}

// find is the entry that may answer the request, nil if there is none.
func (c *Cache) find(a *asking, dest string) *entry {
	if e := c.store.get(a).find(a, dest); e != nil && e.allows(a) {
		return e
	}
	return nil
}

// takes tells whether the request is content with the entry as it is.
func (a *asking) takes(e *entry, now int64) bool {
	left := e.left(now)
	return left > 0 && !a.noCache && (a.maxAge < 0 || e.age(now) <= a.maxAge*int64(time.Second)) &&
		(a.minFresh < 0 || left >= a.minFresh*int64(time.Second))
}

// hit answers with a stored reply.
func (c *Cache) hit(x *sidecar.Exchange, a *asking, e *entry, how string) error {
	note, now := a.cached.Note(), x.Now()
	out := append((*note)[:0], "Cache-Status: sidecar; hit; ttl="...)
	out = append(appendInt(out, e.left(now)/int64(time.Second)), how...)
	*note = e.appendAge(append(out, "\r\n"...), now)
	if a.mine(e) {
		return answer(x, 304, e.notModified(), nil)
	}
	return answer(x, e.stored.Status, e.stored.Fields, e.stored.Body)
}
