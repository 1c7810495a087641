package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"sync"
	"time"

	"sidecar/announce"
	"sidecar/config"
	"sidecar/discovery"
	"sidecar/discovery/zk"
	"sidecar/varz"
)

// withdrawWait is how long a drain waits at most for announced services to be
// taken out of ZooKeeper.
const withdrawWait = 2 * time.Second

// announcements are the local services that are announced. A reload changes
// them.
type announcements struct {
	d    *daemon
	mu   sync.Mutex
	all  []*announced    // in the order of the file; guarded by mu
	ctx  context.Context // from start on; guarded by mu
	work *sync.WaitGroup
}

type announced struct {
	cfg  config.Announce
	a    *announce.Announcer
	stop context.CancelFunc // nil before start
	done chan struct{}      // closed once it is taken away
}

// apply makes what is announced what list says. What has changed is withdrawn
// before it is announced anew, so that nothing is there twice.
func (n *announcements) apply(list []config.Announce) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	before := map[string]*announced{}
	for _, one := range n.all {
		before[one.cfg.Name] = one
	}
	all := make([]*announced, len(list)) // made whole first: an error changes nothing
	for i, cfg := range list {
		if old := before[cfg.Name]; old != nil && same(old.cfg, cfg) {
			all[i] = old
			continue
		}
		one, err := n.make(cfg)
		if err != nil {
			return err
		}
		all[i] = one
	}
	n.all = all
	for _, one := range all {
		old := before[one.cfg.Name]
		switch {
		case old == one:
			delete(before, one.cfg.Name)
		case n.ctx != nil:
			n.start(one, old)
		}
	}
	for _, one := range before {
		if one.stop != nil {
			one.stop()
		}
	}
	return nil
}

func (n *announcements) make(cfg config.Announce) (*announced, error) {
	p, key, err := announcement(cfg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	p.Ensembles, p.Registry, p.Log = n.d.zk.Ensembles, n.d.registry, n.d.log
	a, err := announce.New(p)
	if err != nil {
		return nil, err
	}
	return &announced{cfg: cfg, a: a, done: make(chan struct{})}, nil
}

// same tells whether two announcements are one, wherever in the file it is.
func same(a, b config.Announce) bool {
	a.Key = b.Key
	return reflect.DeepEqual(a, b)
}

// start announces until the process ends or a reload takes it out, after the
// one that it replaces, if any; n.mu is held.
func (n *announcements) start(one, old *announced) {
	ctx, cancel := context.WithCancel(n.ctx)
	one.stop = cancel
	n.work.Go(func() {
		defer close(one.done)
		defer cancel()
		if old != nil {
			old.stop()
			<-old.done
		}
		_ = one.a.Run(ctx) // ctx.Err()
		n.forget(one.cfg.Name)
	})
}

// forget takes the state of an announcement that has ended out of the metrics,
// unless one of its name is in force. Its counts stay, as sums never fall.
func (n *announcements) forget(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.ContainsFunc(n.all, func(one *announced) bool { return one.cfg.Name == name }) {
		n.d.registry.Remove(func(d *varz.Desc, s varz.Source) bool { return d == varz.Announced && s.Service == name })
	}
}

func (n *announcements) startAll(ctx context.Context, work *sync.WaitGroup) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ctx, n.work = ctx, work
	for _, one := range n.all {
		n.start(one, nil)
	}
}

// notes say which are not in ZooKeeper, and why.
func (n *announcements) notes() (list []string) {
	for _, one := range n.list() {
		s := one.a.Status()
		switch {
		case s.Announced || s.Withdrawn:
		case s.Error != "":
			list = append(list, "announce "+s.Name+": not announced: "+s.Error)
		case s.CheckSaid != "":
			list = append(list, "announce "+s.Name+": not announced: its check ("+s.Check+") fails: "+s.CheckSaid)
		}
	}
	return list
}

func (n *announcements) list() []*announced {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]*announced(nil), n.all...)
}

// withdraw takes all away for good, before anything else of a drain ends, and
// waits a little until that is done.
func (n *announcements) withdraw(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, withdrawWait)
	defer cancel()
	var wg sync.WaitGroup
	for _, one := range n.list() {
		wg.Go(func() { one.a.Withdraw(ctx) })
	}
	wg.Wait()
}

// announcement is cfg as announcers take it, but for what all of them share. key
// is where an error is.
func announcement(cfg config.Announce) (p announce.Params, key string, err error) {
	p = announce.Params{
		Name: cfg.Name, Interval: cfg.Interval, Rise: cfg.Rise, Fall: cfg.Fall,
		Check: announce.Check{Kind: cfg.Check, Address: cfg.CheckAddress, Path: cfg.CheckPath, Timeout: cfg.Timeout, Method: cfg.CheckMethod,
			Encoding: thriftChoice(config.Thrift{Transport: cfg.CheckTransport, Protocol: cfg.CheckProtocol}).Encoding},
	}
	if p.At, err = zk.ParseLocation(cfg.To); err != nil {
		return p, "to", err
	}
	switch {
	case p.At.Endpoint != "":
		return p, "to", fmt.Errorf("leave out \"#%s\": a member has all of its endpoints, address and those of additional", p.At.Endpoint)
	case p.At.Prefix == "":
		return p, "to", errors.New("expected a name behind ?prefix=, which the member's begins with")
	}
	p.Member.Shard = cfg.Shard
	if p.Member.Service, err = reachable(cfg.Address); err != nil {
		return p, "address", err
	}
	p.Member.Additional = map[string]string{}
	for _, a := range cfg.Additional {
		if p.Member.Additional[a.Name], err = reachable(a.Address); err != nil {
			return p, "additional." + a.Name, err
		}
	}
	return p, "", nil
}

// reachable is an address that others can go to: not "any of this machine's".
func reachable(s string) (string, error) {
	address, err := discovery.ParseAddress(s)
	if err != nil {
		return "", err
	}
	host, _, _ := net.SplitHostPort(address)
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		return "", fmt.Errorf("%s is no address that others can connect to: set the one that this machine has for them", s)
	}
	return address, nil
}

// announcePage tells what is announced.
func (d *daemon) announcePage(w io.Writer, _ url.Values) error {
	type row struct {
		announce.Status
		Checked string `json:"checked,omitempty"`
		Since   string `json:"since"`
	}
	list := []row{}
	for _, one := range d.zk.announced.list() {
		s := one.a.Status()
		r := row{Status: s, Since: s.Since.UTC().Format(timeFormat)}
		if !s.Checked.IsZero() {
			r.Checked = s.Checked.UTC().Format(timeFormat)
		}
		list = append(list, r)
	}
	return writeJSON(w, list)
}
