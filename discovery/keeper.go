package discovery

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sidecar/varz"
)

// KeeperParams are what a Keeper is made of.
type KeeperParams struct {
	// Sources are at least one. Of an address that two announce, the first
	// one's endpoint counts.
	Sources []Source
	// AllowEmpty: an empty answer empties the set. Without it an empty answer
	// after a good one is ignored and told as held: that all of a service has
	// gone is far more rare than that a registry lost its members. It may be
	// changed later, see SetAllowEmpty.
	AllowEmpty bool
	// Changed is called after the endpoints have changed and after the first
	// answer, with the new snapshot, by one goroutine at a time. It should not
	// take long, since sources wait for it, and must not wait for the Keeper's
	// Run. It may be nil.
	Changed func(*Snapshot)
	Errors  *varz.Counter    // errors that sources tell; nil counts for nobody
	Log     *slog.Logger     // nil is no log
	Now     func() time.Time // nil is time.Now
}

// restartDelay is how long a source that gave up against its contract is left
// alone before it is run again.
const restartDelay = 5 * time.Second

// Keeper holds the last good answer of each of its sources and gives out their
// union. An error never takes an endpoint away.
type Keeper struct {
	p     KeeperParams
	state atomic.Pointer[Snapshot]

	mu      sync.Mutex // guards origins and orders the calls of Changed
	origins []*origin
}

// NewKeeper makes a Keeper; Run makes it work.
func NewKeeper(p KeeperParams) *Keeper {
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Errors == nil {
		p.Errors = new(varz.Counter)
	}
	k := &Keeper{p: p}
	names := make([]string, len(p.Sources))
	for i, s := range p.Sources {
		names[i] = s.String()
		o := &origin{source: s, name: names[i], allowEmpty: p.AllowEmpty}
		o.log = p.Log.With("source", o.name)
		k.origins = append(k.origins, o)
	}
	k.state.Store(&Snapshot{Source: strings.Join(names, ", ")})
	return k
}

// Snapshot is the present state, never nil. Any goroutine may call it.
func (k *Keeper) Snapshot() *Snapshot { return k.state.Load() }

// SetAllowEmpty changes KeeperParams.AllowEmpty. If it is allowed now, an empty
// answer that was ignored until now counts: its source may never tell it again.
// It may call Changed.
func (k *Keeper) SetAllowEmpty(allow bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.p.Now()
	for _, o := range k.origins {
		o.allow(allow, now)
	}
	k.tellAll(now)
}

// Run runs the sources until ctx ends, waits for them and returns ctx.Err().
func (k *Keeper) Run(ctx context.Context) error {
	var running sync.WaitGroup
	for _, o := range k.origins {
		running.Go(func() { k.run(ctx, o) })
	}
	<-ctx.Done()
	running.Wait()
	return ctx.Err()
}

// run runs one source, again if it gives up before ctx ends.
func (k *Keeper) run(ctx context.Context, o *origin) {
	for ctx.Err() == nil {
		err := o.source.Run(ctx, func(u Update) { k.take(o, u) })
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("the source ended without an error")
		}
		k.take(o, Update{Err: err})
		t := time.NewTimer(restartDelay)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		t.Stop()
	}
}

// take takes up an answer of o.
func (k *Keeper) take(o *origin, u Update) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if u.At.IsZero() {
		u.At = k.p.Now()
	}
	if u.Err != nil {
		k.p.Errors.Inc()
	}
	o.take(u)
	k.tellAll(u.At)
}

// tellAll gives out what all origins say now; with the lock held.
func (k *Keeper) tellAll(now time.Time) {
	old := k.state.Load()
	s, changed := k.merge(old, now)
	if changed && k.p.Changed != nil {
		k.p.Changed(s)
	}
	// Behind Changed: who sees the first answer here takes it for readiness,
	// and sends requests that must find the endpoints.
	k.state.Store(s)
}
