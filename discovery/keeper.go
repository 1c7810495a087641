package discovery

import (
	"context"
	"errors"
	"log/slog"
	"slices"
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
	// Prefer: the sources stand in order of preference, and the first that has
	// endpoints counts alone. Else they are joined.
	Prefer bool
	// Hold is how long endpoints stay in full use that are gone all at once, or
	// more than half of them: that is more often a registry's loss than a
	// service's. After it the answer is obeyed. 0 is not at all. It may be
	// changed later, see SetHold.
	Hold time.Duration
	// Path is the file that keeps what is known for the next process; "" is
	// none.
	Path string
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

// Keeper holds the last good answer of each of its sources and gives out what
// they come to. An error never takes an endpoint away, and neither does at once
// an answer that lacks most of them.
type Keeper struct {
	p     KeeperParams
	disk  *disk // nil without Path
	state atomic.Pointer[Snapshot]
	wake  chan struct{} // the times that Run waits for have changed

	mu      sync.Mutex // guards origins and orders the calls of Changed
	origins []*origin

	asked  sync.Mutex // guards refuse, and is held for no call
	refuse []string   // addresses to let go, each once
}

// NewKeeper makes a Keeper, with what a former process has left at Path; Run
// makes it work.
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
	k := &Keeper{p: p, wake: make(chan struct{}, 1)}
	names := make([]string, len(p.Sources))
	for i, s := range p.Sources {
		names[i] = s.String()
		o := &origin{source: s, name: names[i], hold: p.Hold}
		o.log = p.Log.With("source", o.name)
		k.origins = append(k.origins, o)
	}
	k.state.Store(&Snapshot{Source: strings.Join(names, ", ")})
	if p.Path != "" {
		k.disk = &disk{path: p.Path, log: p.Log}
		k.restore()
	}
	return k
}

// restore takes up what a former process knew.
func (k *Keeper) restore() {
	for _, r := range k.disk.load() {
		for _, o := range k.origins {
			if o.name == r.Source && !o.fromDisk {
				o.restore(r.Endpoints, r.LastOK)
				o.log.Info("discovery: begun with the endpoints of a former process until the source answers",
					"endpoints", len(r.Endpoints), "age", k.p.Now().Sub(r.LastOK).Round(time.Second))
			}
		}
	}
}

// Snapshot is the present state, never nil. Any goroutine may call it.
func (k *Keeper) Snapshot() *Snapshot { return k.state.Load() }

// SetHold changes KeeperParams.Hold, that of a hold under way too. It may call
// Changed.
func (k *Keeper) SetHold(d time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.p.Now()
	for _, o := range k.origins {
		o.setHold(d, now)
	}
	k.tellAll(now)
}

// Refuse lets an endpoint go that is held and turns out not to be there: it
// refused a connection, or another runs at its address. Any goroutine may call
// it, with any lock held; it does not wait.
func (k *Keeper) Refuse(address string) {
	k.asked.Lock()
	if !slices.Contains(k.refuse, address) { // each of many dials tells
		k.refuse = append(k.refuse, address)
	}
	k.asked.Unlock()
	k.kick()
}

// Refresh asks those sources again soon that can be asked, as endpoints cannot
// be connected to. Any goroutine may call it; it does not wait.
func (k *Keeper) Refresh() {
	for _, s := range k.p.Sources {
		if r, ok := s.(interface{ Refresh() }); ok {
			r.Refresh()
		}
	}
}

func (k *Keeper) kick() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// Run runs the sources until ctx ends, waits for them and returns ctx.Err().
func (k *Keeper) Run(ctx context.Context) error {
	k.mu.Lock()
	k.tellAll(k.p.Now()) // what a former process knew
	k.mu.Unlock()
	var running sync.WaitGroup
	for _, o := range k.origins {
		running.Go(func() { k.run(ctx, o) })
	}
	k.tend(ctx)
	running.Wait()
	if k.disk != nil {
		k.disk.save(k.records())
	}
	return ctx.Err()
}

// tend does what time and others ask for until ctx ends: it ends holds, lets
// refused endpoints go and keeps the record.
func (k *Keeper) tend(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(k.turn())
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-k.wake:
		}
	}
}

// turn does what is due and says how long it is until something is.
func (k *Keeper) turn() time.Duration {
	k.asked.Lock()
	refuse := k.refuse
	k.refuse = nil
	k.asked.Unlock()

	k.mu.Lock()
	now := k.p.Now()
	changed := false
	next := now.Add(time.Hour)
	for _, o := range k.origins {
		changed = o.due(now) || changed
		changed = o.dropHeld(refuse) || changed
		if o.held() && o.heldUntil.Before(next) {
			next = o.heldUntil
		}
	}
	if changed {
		k.tellAll(now)
	}
	k.mu.Unlock()
	if k.disk != nil {
		if at := k.disk.turn(now, k.records); at.Before(next) {
			next = at
		}
	}
	return max(next.Sub(now), time.Millisecond)
}

// records are what the next process shall know.
func (k *Keeper) records() []record {
	k.mu.Lock()
	defer k.mu.Unlock()
	var list []record
	now := k.p.Now()
	for _, o := range k.origins {
		if o.lastOK.IsZero() {
			continue
		}
		r := record{Source: o.name, LastOK: now, Endpoints: make([]Endpoint, len(o.good))}
		if at := o.stale(); !at.IsZero() {
			r.LastOK = at
		}
		for i := range o.good {
			r.Endpoints[i] = o.good[i].Endpoint
		}
		list = append(list, r)
	}
	return list
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
	if changed && k.disk != nil {
		k.disk.changed(now)
	}
	k.kick()
}
