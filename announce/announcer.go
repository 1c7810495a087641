package announce

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"sidecar/discovery/zk"
	"sidecar/varz"
)

const (
	// auditEvery is how often the member is looked at without being told.
	auditEvery = 30 * time.Second
	// minAgain and maxAgain bound the wait after a refusal.
	minAgain = 500 * time.Millisecond
	maxAgain = 30 * time.Second
	// minRound keeps rounds apart: a server may tell of changes without end.
	minRound = 20 * time.Millisecond
	// goodbye is how long taking the member away may take at the end. The
	// ensemble removes it with the session in any case.
	goodbye = 2 * time.Second
)

// Params make an Announcer.
type Params struct {
	Name      string // for people and metrics
	At        zk.Location
	Member    zk.Announcement
	Check     Check
	Interval  time.Duration // of checks
	Rise      int           // good checks in a row that announce the service
	Fall      int           // bad ones that withdraw it
	Ensembles *zk.Ensembles
	Registry  *varz.Registry
	Log       *slog.Logger
}

// Announcer announces one service in one place.
type Announcer struct {
	p     Params
	data  []byte
	log   *slog.Logger
	stats stats
	poke  chan struct{}
	gone  chan struct{} // closed once withdrawn

	begun bool // a check has spoken; only the goroutine of the checks uses it

	mu        sync.Mutex
	status    Status
	withdrawn bool
}

type stats struct {
	announced                  *varz.Gauge
	created, removed, failures *varz.Counter
}

// Status is an announcement as people see it.
type Status struct {
	Name      string    `json:"name"`
	To        string    `json:"to"`
	Address   string    `json:"address"`
	Announced bool      `json:"announced"`
	Node      string    `json:"node,omitempty"`
	Healthy   bool      `json:"healthy"`
	Check     string    `json:"check"`
	CheckSaid string    `json:"check_error,omitempty"` // why the last check failed
	Checked   time.Time `json:"checked"`
	Since     time.Time `json:"since"` // of Announced
	Withdrawn bool      `json:"withdrawn,omitempty"`
	Error     string    `json:"error,omitempty"` // of ZooKeeper
}

// New makes an Announcer; Run makes it work.
func New(p Params) (*Announcer, error) {
	data, err := p.Member.Encode()
	if err != nil {
		return nil, err
	}
	src := varz.Source{Service: p.Name}
	change := func(reason string) *varz.Counter {
		return p.Registry.Counter(varz.AnnounceChanges, varz.Source{Service: p.Name, Reason: reason})
	}
	a := &Announcer{
		p: p, data: data, log: p.Log.With("announce", p.Name), poke: make(chan struct{}, 1), gone: make(chan struct{}),
		stats:  stats{p.Registry.Gauge(varz.Announced, src), change("created"), change("removed"), p.Registry.Counter(varz.AnnounceChecksFailed, src)},
		status: Status{Name: p.Name, To: "zk://" + strings.Join(p.At.Servers, ",") + p.At.Path, Address: p.Member.Service, Check: p.Check.Kind, Since: time.Now()},
	}
	return a, nil
}

// Status is the present one.
func (a *Announcer) Status() Status {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.status
}

// Withdraw takes the member away for good, and waits until it is gone, at the
// latest until ctx ends. It is for the beginning of a drain, and does nothing
// unless Run runs.
func (a *Announcer) Withdraw(ctx context.Context) {
	a.mu.Lock()
	a.withdrawn, a.status.Withdrawn = true, true
	a.mu.Unlock()
	a.wake()
	select {
	case <-a.gone:
	case <-ctx.Done():
	}
}

// Run announces until ctx ends, and then takes the member away.
func (a *Announcer) Run(ctx context.Context) error {
	var checking sync.WaitGroup
	checking.Go(func() { a.check(ctx) })
	defer checking.Wait()
	r := &registration{Announcer: a, session: a.p.Ensembles.Join(a.p.At.Servers, a.p.At.Path)}
	defer r.session.Leave()
	timer, pause := time.NewTimer(0), time.NewTimer(minRound)
	defer timer.Stop()
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			r.end(ctx)
			return ctx.Err()
		case <-r.session.Wake():
		case <-a.poke:
		case <-timer.C:
		}
		timer.Reset(r.round(ctx))
		pause.Reset(minRound)
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
	}
}

func (a *Announcer) wake() {
	select {
	case a.poke <- struct{}{}:
	default:
	}
}

// wanted tells whether there should be a member.
func (a *Announcer) wanted() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.status.Healthy && !a.withdrawn
}

// check checks the service each interval.
func (a *Announcer) check(ctx context.Context) {
	h := health{rise: a.p.Rise, fall: a.p.Fall}
	tick := time.NewTicker(a.p.Interval)
	defer tick.Stop()
	for ctx.Err() == nil {
		err := a.p.Check.Ask(ctx)
		if ctx.Err() != nil {
			return
		}
		a.judge(&h, err)
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

func (a *Announcer) judge(h *health, err error) {
	changed := h.take(err == nil)
	a.mu.Lock()
	a.status.Checked, a.status.CheckSaid, a.status.Healthy = time.Now(), "", h.well
	if err != nil {
		a.status.CheckSaid = err.Error()
	}
	a.mu.Unlock()
	if err != nil {
		a.stats.failures.Inc()
	}
	first := !a.begun
	a.begun = true
	switch {
	case first && err != nil:
		a.log.Warn("announce: the check fails; the service is not announced until it passes", "check", a.p.Check.Kind, "err", err)
	case changed && h.well:
		a.log.Info("announce: the service is well")
	case changed:
		a.log.Warn("announce: the service is not well; it is withdrawn", "check", a.p.Check.Kind, "err", err)
	}
	if changed {
		a.wake()
	}
}
