package xds

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"sidecar/varz"
)

// plane is a control plane and who goes by it. Its runner's goroutine does all
// of the talking.
type plane struct {
	server  string
	p       Params
	log     *slog.Logger
	stats   planeStats
	poke    chan struct{} // the watches have changed
	anew    chan struct{} // the settings have
	cancel  context.CancelFunc
	working sync.WaitGroup

	mu      sync.Mutex
	watches map[*watch]struct{}
	state   State
}

type planeStats struct {
	connected                   *varz.Gauge
	streams, responses, refused *varz.Counter
}

// newPlane works until it is closed: it outlives the source that was the first to
// come to it, whose context gives it nothing but values.
func newPlane(ctx context.Context, server string, p Params) *plane {
	src := varz.Source{Endpoint: server}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	one := &plane{
		server: server, p: p, log: p.Log.With("xds", server), cancel: cancel,
		poke: make(chan struct{}, 1), anew: make(chan struct{}, 1), watches: map[*watch]struct{}{},
		state: State{Server: server, Since: time.Now()},
		stats: planeStats{
			p.Registry.Gauge(varz.XDSConnected, src), p.Registry.Counter(varz.XDSStreams, src),
			p.Registry.Counter(varz.XDSResponses, src), p.Registry.Counter(varz.XDSRefused, src),
		},
	}
	one.working.Go(func() { newRunner(one).run(ctx) })
	return one
}

// Close ends everything and waits for it.
func (p *plane) Close() {
	p.cancel()
	p.working.Wait()
}

func (p *plane) add(w *watch) {
	p.mu.Lock()
	p.watches[w] = struct{}{}
	p.mu.Unlock()
	kick(p.poke)
}

func (p *plane) remove(w *watch) {
	p.mu.Lock()
	delete(p.watches, w)
	p.mu.Unlock()
	kick(p.poke)
}

func (p *plane) reconnect() { kick(p.anew) }

func kick(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// wanted are the watches, and the names of their clusters.
func (p *plane) wanted() (all []*watch, names []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for w := range p.watches {
		all = append(all, w)
		names = append(names, w.cluster)
	}
	slices.Sort(names)
	return all, slices.Compact(names)
}

func (p *plane) describe() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

// note changes what people are shown.
func (p *plane) note(change func(*State)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.state)
}
