package zk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"sidecar/discovery"
	"sidecar/varz"
)

const (
	// minRound is the least time from the beginning of one reading to that of
	// the next. A thousand members that come one by one would else each cost a
	// list of all.
	minRound = 50 * time.Millisecond
	// breaths is how many times as long as telling a set took there is no other.
	breaths = 4
	// lossTold is how long a link may be gone before that is told: a server
	// that restarts, or another leader, takes less.
	lossTold = 2 * time.Second
	// auditEvery is how often everything is looked at without being told, for
	// watches that were lost: some servers replace a session without a word.
	// Each wait is a quarter shorter or longer, so that sidecars do not come
	// together.
	auditEvery = 60 * time.Second
	// auditRounds is how many audits look at the data of all nodes once, each
	// at its part in turn: within half an hour a lost watch is found in a path
	// of any size. With auditNodes, which is the least that one reads, a list
	// and these reads are all that a quiet path costs: 64 a minute up to 1,920
	// members, 28 a second for the 50,000 that a path may have.
	auditRounds = 30
	auditNodes  = 64
	// minAgain and maxAgain bound the wait after a refusal.
	minAgain = 500 * time.Millisecond
	maxAgain = 30 * time.Second
	// listTries is how often a path is listed that comes just after it was
	// found missing.
	listTries = 3
	// fleeting is how many readings in a row may fail untold while there is a
	// link: a broken one shows in requests before the library says so.
	fleeting = 3
	// readers is how many nodes of one path are read at once.
	readers = 16
)

// source follows one path.
type source struct {
	all  *Ensembles
	uri  string
	l    Location
	log  *slog.Logger
	stat sourceStats
	// audit is auditEvery, but in tests.
	audit time.Duration
}

type sourceStats struct {
	members, refused *varz.Gauge
	missed           *varz.Counter
}

func newSource(all *Ensembles, uri, service string, l Location) *source {
	src := varz.Source{Service: service}
	return &source{
		all: all, uri: uri, l: l, log: all.p.Log.With("upstream", service, "source", uri), audit: auditEvery,
		stat: sourceStats{
			all.p.Registry.Gauge(varz.ZooKeeperMembers, src), all.p.Registry.Gauge(varz.ZooKeeperMembersRefused, src),
			all.p.Registry.Counter(varz.ZooKeeperMissed, src),
		},
	}
}

// String is the URI.
func (s *source) String() string { return s.uri }

// Run is discovery.Source's.
func (s *source) Run(ctx context.Context, publish func(discovery.Update)) error {
	f := &follower{source: s, view: newView(s.l), publish: publish}
	f.session = s.all.Join(s.l.Servers, s.l.Path)
	defer f.session.Leave()
	defer f.count(result{})
	f.timer = time.NewTimer(lossTold)
	defer f.timer.Stop()
	f.lostAt = time.Now()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.session.Wake():
		case <-f.timer.C:
		}
		f.timer.Reset(f.round(ctx))
		if !f.breathe(ctx) {
			return ctx.Err()
		}
	}
}

// follower is a run of a source.
type follower struct {
	*source
	session *Session
	view    *view
	publish func(discovery.Update)
	timer   *time.Timer

	link    uint64        // the one that the view was last read over
	lostAt  time.Time     // since when there is none
	told    bool          // that there is none
	audited time.Time     // when a list was last read
	cursor  int           // of the audit, in the order of names
	fails   int           // refusals in a row
	cost    time.Duration // of telling a set, the last time
	counted result
	warned  string // of refused members
}

// breathe keeps readings apart, the further the longer it takes to make
// something of them: members may come and go without end.
func (f *follower) breathe(ctx context.Context) bool {
	t := time.NewTimer(max(minRound, breaths*f.cost))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// round reads what is to be read, publishes what there is to say, and returns
// when to come again at the latest.
func (f *follower) round(ctx context.Context) time.Duration {
	link, _, trouble := f.session.Link()
	for path := range f.session.Take() {
		f.view.touched(path)
	}
	if link == 0 {
		return f.lost(trouble)
	}
	f.lostAt, f.told = time.Time{}, false
	if link != f.link {
		f.view.stale()
		f.link = link
	}
	err := f.look(ctx)
	switch {
	case ctx.Err() != nil:
		return maxAgain
	case err == nil:
		f.fails = 0
		began := time.Now()
		f.tell()
		f.cost = time.Since(began)
		return f.untilAudit(time.Now())
	}
	// If the link is lost, another round tells that, unless there is another by
	// then: one that is lost in each reading is told as what it is.
	if f.fails++; f.fails > fleeting || Denied(err) {
		f.publish(discovery.Update{Err: f.explain(err)})
	}
	if now, _, _ := f.session.Link(); now != link {
		return lossTold
	}
	return min(minAgain<<min(f.fails, 16), maxAgain)
}

// lost tells, once and not too soon, that there is no link.
func (f *follower) lost(trouble error) time.Duration {
	now := time.Now()
	if f.lostAt.IsZero() {
		f.lostAt = now
	}
	if left := lossTold - now.Sub(f.lostAt); left > 0 {
		return left
	}
	if !f.told {
		f.told = true
		f.publish(discovery.Update{Err: fmt.Errorf("zk: no session with %s: %w; the servers are tried in turn", f.session.en.key, trouble)})
	}
	return maxAgain
}

func (f *follower) explain(err error) error {
	if Denied(err) {
		return fmt.Errorf("zk: not allowed to read %s: %s, or let everybody read it: %w", f.l.Path, f.session.Permit(), err)
	}
	return fmt.Errorf("zk: %s: %w", f.l.Path, err)
}

// look brings the view up to date: the list if it may have changed, then what
// has not been read. An audit looks at what should not have changed.
func (f *follower) look(ctx context.Context) error {
	var audit []string
	if time.Since(f.audited) >= f.audit*3/4 && f.view.listed {
		audit = f.view.names()
		if err := f.auditList(ctx); err != nil {
			return err
		}
	}
	for range listTries {
		if f.view.listed {
			break
		}
		if err := f.list(ctx); err != nil {
			return err
		}
	}
	if !f.view.listed {
		return errors.New("the path comes and goes")
	}
	if err := f.read(ctx, f.view.unread()); err != nil {
		return err
	}
	return f.auditData(ctx, audit)
}

// list lists the children, or waits for the path to come.
func (f *follower) list(ctx context.Context) error {
	watch := !f.view.watching
	names, err := f.session.Children(ctx, f.l.Path, watch)
	switch {
	case err == nil:
		f.view.watching = true
		f.audited = time.Now()
		return f.view.list(names)
	case !Missing(err):
		return err
	}
	there, _, err := f.session.Exists(ctx, f.l.Path, !f.view.awaiting)
	if err != nil {
		return err
	}
	f.view.awaiting = true
	f.audited = time.Now()
	if !there {
		f.view.gone()
	}
	return nil
}

// answer is what a server said of one node.
type answer struct {
	name string // "" if it was not come to
	data []byte
	stat Node
	err  error
}

// fetch reads nodes, several at once; watched says which of them with a watch.
// After an error that concerns more than a node no others are begun.
func (f *follower) fetch(ctx context.Context, names []string, watched func(name string) bool) []answer {
	answers := make([]answer, len(names))
	var wg sync.WaitGroup
	for part := range min(readers, len(names)) {
		wg.Go(func() {
			for i := part; i < len(names); i += readers {
				a := answer{name: names[i]}
				a.data, a.stat, a.err = f.session.Get(ctx, f.l.Path+"/"+a.name, watched(a.name))
				answers[i] = a
				if a.err != nil && !ofNode(a.err) {
					return
				}
			}
		})
	}
	wg.Wait()
	return answers
}

// read reads nodes. All that could be read counts; the error is one that
// concerns more than a node.
func (f *follower) read(ctx context.Context, names []string) error {
	var bad error
	for _, a := range f.fetch(ctx, names, func(name string) bool { return !f.view.nodes[name].watching }) {
		switch {
		case a.name == "":
		case a.err == nil:
			f.view.nodes[a.name].watching = true
			f.view.take(a.name, a.data, a.stat, nil)
		case Missing(a.err):
			f.view.drop(a.name)
		case ofNode(a.err):
			f.view.take(a.name, nil, Node{}, a.err)
		default:
			bad = a.err
		}
	}
	return bad
}

// ofNode tells whether an error concerns one node only.
func ofNode(err error) bool { return Missing(err) || Denied(err) }

// tell publishes what the view amounts to.
func (f *follower) tell() {
	r := f.view.result()
	f.count(r)
	if err := f.view.verdict(r); err != nil {
		f.publish(discovery.Update{Err: fmt.Errorf("zk: %w", err)})
		return
	}
	f.publish(discovery.Update{Endpoints: r.set, Retired: r.retired, Empty: f.view.emptiness(r)})
}

// count counts members and tells of those that are refused, each once; of more
// than maxTold only the first.
func (f *follower) count(r result) {
	f.stat.members.Add(int64(r.members - f.counted.members))
	f.stat.refused.Add(int64(r.refused - f.counted.refused))
	f.counted = r
	text := strings.Join(r.told, "; ")
	if text != f.warned && text != "" {
		f.log.Warn("zookeeper: there are members that cannot be used", "refused", r.refused, "of", r.members, "first", text)
	}
	f.warned = text
}

func (f *follower) untilAudit(now time.Time) time.Duration {
	return max(minRound, f.audit*3/4+rand.N(f.audit/2)-now.Sub(f.audited))
}
