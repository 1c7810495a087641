package upstream

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"sidecar/balance"
	"sidecar/discovery"
	"sidecar/varz"
)

// peersHold is how long the place among the peers must be the same before it is
// used. In a rolling restart it changes with every peer that goes and comes;
// to move all connections each time would cost more than a load that is a
// little uneven for some seconds. An endpoint that is announced, withdrawn and
// announced again within it (readiness that flaps) moves nothing.
const peersHold = 5 * time.Second

// peersLost is how long peers are counted that went almost all at once, which
// is how a registry fails: the place would move twice for nothing.
const peersLost = time.Minute

// Standing is what is known of the place of this process among its peers.
type Standing struct {
	At balance.Coordinate // not Known: there is none
	// InZone is the place among the peers of this process's own zone, who share
	// its endpoints where there are several zones. Not Known: nobody tells.
	InZone balance.Coordinate
	Source string // where it comes from, for people
	Note   string // why there is none, or what is wrong; "" if nothing is
	// Settled: there is an answer, be it that there is no place. Before it, who
	// has had another place keeps that.
	Settled bool
}

// PeersParams say how Peers learns the place of this process.
type PeersParams struct {
	// Source announces the endpoints of this process's own service.
	Source discovery.Source
	// Self is the address under which this process is announced, in the form
	// of discovery.ParseAddress; "" is the only one on a host that Local names.
	Self  string
	Local func() []string
	// Errors counts what the source tells of; nil counts for nobody.
	Errors *varz.Counter
	Log    *slog.Logger // nil is no log
}

// Peers finds the place of this process among its peers, for any number of
// clusters. Membership counts, and nothing else of a peer: whether it is ready
// or answers is not asked.
type Peers struct {
	params PeersParams
	keeper *discovery.Keeper
	told   atomic.Pointer[discovery.Snapshot] // nil before the first answer
	news   chan struct{}
	state  atomic.Pointer[Standing]
}

// FixedPeers are peers of which all is known: the place, or why there is none.
// Who writes it down where zones count has counted the peers of the zone.
func FixedPeers(at balance.Coordinate, source, note string) *Peers {
	p := &Peers{}
	p.state.Store(&Standing{At: at, InZone: at, Source: source, Note: note, Settled: true})
	return p
}

// NewPeers makes Peers that ask; Run does it.
func NewPeers(params PeersParams) *Peers {
	if params.Log == nil {
		params.Log = slog.New(slog.DiscardHandler)
	}
	p := &Peers{params: params, news: make(chan struct{}, 1)}
	p.keeper = discovery.NewKeeper(discovery.KeeperParams{
		Sources: []discovery.Source{params.Source}, Hold: peersLost, Changed: p.changed, Errors: params.Errors, Log: params.Log,
	})
	p.state.Store(&Standing{Source: params.Source.String()})
	return p
}

// changed is told of each new set of peers.
func (p *Peers) changed(snap *discovery.Snapshot) {
	p.told.Store(snap)
	select {
	case p.news <- struct{}{}:
	default:
	}
}

// Standing is what is known now. Any goroutine may call it.
func (p *Peers) Standing() Standing {
	s := *p.state.Load()
	if p.keeper == nil || s.Note != "" {
		return s
	}
	switch snap := p.keeper.Snapshot(); {
	case snap.Err != nil:
		s.Note = snap.Err.Error()
	case snap.Held != "":
		s.Note = snap.Held
	case !s.Settled && snap.Answered():
		s.Note = fmt.Sprintf("waits until the peers have been the same for %v", peersHold)
	case !s.Settled:
		s.Note = "no answer yet"
	}
	return s
}

// Run keeps the place until ctx ends and returns when all that it started has
// ended. FixedPeers need none.
func (p *Peers) Run(ctx context.Context) {
	if p.keeper == nil {
		return
	}
	var keeping sync.WaitGroup
	keeping.Go(func() { _ = p.keeper.Run(ctx) }) // it ends with ctx only
	defer keeping.Wait()
	hold := time.NewTimer(peersHold)
	defer hold.Stop()
	var last finding
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.news:
			if f := p.find(); f != last {
				last = f
				hold.Reset(peersHold)
			}
		case <-hold.C:
			// Looked at once more: the machine may have got its address late.
			f := p.find()
			if f == last && f != (finding{}) {
				p.settle(f)
			}
			last = f
			if !f.all.Known() {
				hold.Reset(peersHold)
			}
		}
	}
}

// finding is what the latest answer says: a place, or why it says none. The
// zero finding is no answer.
type finding struct {
	ranks
	note string
}

func (p *Peers) find() finding {
	snap := p.told.Load()
	if snap == nil {
		return finding{}
	}
	r, err := rank(snap.Endpoints, p.params.Self, p.params.Local())
	if err != nil {
		return finding{note: err.Error()}
	}
	return finding{ranks: r}
}

// settle makes f what counts. A place that was known stays when this process is
// not announced any more: it may not be ready, or about to end, and to move its
// connections then helps nobody.
func (p *Peers) settle(f finding) {
	old := p.state.Load()
	s := Standing{At: f.all, InZone: f.zone, Source: old.Source, Note: f.note, Settled: true}
	if !f.all.Known() && old.At.Known() {
		s.At, s.InZone, s.Note = old.At, old.InZone, f.note+"; the last place stays"
	}
	if s == *old {
		return
	}
	p.state.Store(&s)
	if s.Note != "" {
		p.params.Log.Warn("place among the peers: "+s.Note, "peers", s.Source)
	} else {
		p.params.Log.Info("place among the peers", "index", s.At.Index, "total", s.At.Total, "peers", s.Source)
	}
}
