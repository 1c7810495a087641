package daemon

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"

	"sidecar/balance"
	"sidecar/config"
	"sidecar/discovery"
	"sidecar/upstream"
	"sidecar/varz"
)

// clubs are the ways to the process's place among its peers, each followed
// once however many upstreams name it.
type clubs struct {
	d    *daemon
	mu   sync.Mutex
	all  map[config.Peers]*club // guarded by mu
	ctx  context.Context        // from start on; guarded by mu
	work *sync.WaitGroup
}

type club struct {
	peers *upstream.Peers
	stop  context.CancelFunc // nil before start
}

func newClubs(d *daemon) *clubs { return &clubs{d: d, all: map[config.Peers]*club{}} }

// get is the way to the place that cfg names, followed once the process runs;
// nil for none.
func (c *clubs) get(cfg config.Peers) (*upstream.Peers, error) {
	if cfg == (config.Peers{}) {
		return nil, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.all[cfg]; known != nil {
		return known.peers, nil
	}
	p, err := c.d.newPeers(cfg)
	if err != nil {
		return nil, err
	}
	made := &club{peers: p}
	c.all[cfg] = made
	if c.ctx != nil {
		c.start(made)
	}
	return p, nil
}

// start follows one until the process ends or nobody needs it; c.mu is held.
func (c *clubs) start(one *club) {
	ctx, cancel := context.WithCancel(c.ctx)
	one.stop = cancel
	c.work.Go(func() {
		defer cancel()
		one.peers.Run(ctx)
	})
}

func (c *clubs) startAll(ctx context.Context, work *sync.WaitGroup) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ctx, c.work = ctx, work
	for _, one := range c.all {
		c.start(one)
	}
}

// keep ends what no upstream in force names any more.
func (c *clubs) keep(list []*running) {
	used := map[config.Peers]bool{}
	for _, r := range list {
		used[r.cfg.Load().Balance.Peers] = true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for cfg, one := range c.all {
		if !used[cfg] {
			if one.stop != nil {
				one.stop()
			}
			delete(c.all, cfg)
		}
	}
}

// newPeers builds the way to the place.
func (d *daemon) newPeers(cfg config.Peers) (*upstream.Peers, error) {
	if cfg.Discover == "" {
		p := fixedPeers(cfg)
		if s := p.Standing(); s.Note != "" {
			d.log.Warn("no place among the peers: "+s.Note, "peers", s.Source)
		}
		return p, nil
	}
	source, err := discovery.Parse(cfg.Discover, d.sourceParams(""))
	if err != nil {
		return nil, err
	}
	self := ""
	if cfg.Self != "" {
		if self, err = discovery.ParseAddress(cfg.Self); err != nil {
			return nil, err
		}
	}
	return upstream.NewPeers(upstream.PeersParams{Source: source, Self: self, Local: hosts, Errors: d.registry.Counter(varz.PeerErrors, varz.Source{}), Log: d.log}), nil
}

// fixedPeers are those of a place that is written down, or half of it.
func fixedPeers(cfg config.Peers) *upstream.Peers {
	at := balance.Coordinate{Index: cfg.Index, Total: cfg.Total}
	if !cfg.Ordinal {
		return upstream.FixedPeers(at, "index and total", "")
	}
	name, err := os.Hostname()
	if err != nil {
		return upstream.FixedPeers(balance.Coordinate{}, "the host's name", err.Error())
	}
	source := "the host's name " + name
	n, ok := ordinal(name)
	switch at.Index = n; {
	case !ok:
		return upstream.FixedPeers(balance.Coordinate{}, source, "it does not end in a number as in web-3: set index")
	case !at.Known():
		return upstream.FixedPeers(balance.Coordinate{}, source, fmt.Sprintf("its number is not below total (%d): correct total", cfg.Total))
	}
	return upstream.FixedPeers(at, source, "")
}

// ordinal is the number that ends the first part of a host's name, as that of
// a StatefulSet's pod: 3 for web-3 and for web-3.web.default.
func ordinal(name string) (int, bool) {
	name, _, _ = strings.Cut(name, ".")
	i := strings.LastIndexByte(name, '-')
	n, err := strconv.ParseUint(name[i+1:], 10, 31)
	return int(n), i > 0 && err == nil
}

// hosts are the addresses and the name of this machine.
func hosts() (all []string) {
	addresses, _ := net.InterfaceAddrs() // without them there is no place, which is told
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok {
			all = append(all, n.IP.String())
		}
	}
	if name, err := os.Hostname(); err == nil {
		all = append(all, name)
	}
	return all
}

// checkPeers says what is wrong with ways to the place, each where it is
// written.
func checkPeers(f *config.File, path string) (problems []config.Problem) {
	check := func(cfg config.Peers, key string) {
		if cfg.Discover == "" {
			return
		}
		if _, err := discovery.Parse(cfg.Discover, sourceParams(path)); err != nil {
			problems = append(problems, f.ProblemAt(key, err.Error()))
		}
		if cfg.Self == "" {
			return
		}
		if _, err := discovery.ParseAddress(cfg.Self); err != nil {
			problems = append(problems, f.ProblemAt(key, "self: "+err.Error()))
		}
	}
	check(f.Process.Peers, "process.peers")
	for _, u := range f.Upstreams {
		if u.Balance.Peers != f.Process.Peers {
			check(u.Balance.Peers, u.Key+".balance.peers")
		}
	}
	return problems
}

// writePlaces tells, in comments, by which place each aperture will be laid.
// Lists of peers are not asked, as nothing is by a check.
func writePlaces(w io.Writer, f *config.File) {
	for _, u := range f.Upstreams {
		cfg := u.Balance.Peers
		if cfg == (config.Peers{}) || u.Balance.Policy != config.PolicyAperture {
			continue
		}
		if cfg.Discover != "" {
			fmt.Fprintf(w, "# %s: the place among the peers is the rank in %s, which is asked when the sidecar runs\n", u.Key, cfg.Discover)
			continue
		}
		s := fixedPeers(cfg).Standing()
		if s.Note != "" {
			fmt.Fprintf(w, "# %s: no place among the peers, from %s: %s; the aperture is random\n", u.Key, s.Source, s.Note)
			continue
		}
		fmt.Fprintf(w, "# %s: place %d/%d among the peers, from %s\n", u.Key, s.At.Index, s.At.Total, s.Source)
	}
}
