package daemon

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"sidecar/config"
)

// Params make a run of the daemon.
type Params struct {
	Path    string           // of the configuration
	Signals <-chan os.Signal // SIGTERM, SIGINT and SIGHUP
	Log     io.Writer
	// Edit changes the configuration's text before it is read, at start and
	// at reload; the demonstration replaces addresses with it. Usually nil.
	Edit func(text []byte) []byte
	// Started is called once everything is bound. Usually nil.
	Started func(Running)
}

// Running is what the starter of a daemon in its own process may look at.
type Running struct {
	Admin     net.Addr            // nil without an admin port
	Listeners map[string]net.Addr // by name
}

// maxThreads is GOMAXPROCS unless configured: a proxy's spare Ps cost more in
// wake-ups than they bring.
const maxThreads = 2

// Run runs the daemon until a signal or a drain by the admin port ends it, and
// returns the exit code.
func Run(p Params) int {
	level := new(slog.LevelVar)
	log := newLog(p.Log, level)
	f, err := p.load()
	if err != nil {
		fmt.Fprintln(p.Log, err)
		return exitUsage
	}
	level.Set(f.Process.LogLevel)
	for _, note := range f.Notes {
		log.Warn(note)
	}
	if f.Process.StateDir == "" {
		log.Info("process.state_dir is not set: nothing is kept over a restart")
	}
	threads := f.Process.Threads
	if threads == 0 {
		threads = min(maxThreads, runtime.GOMAXPROCS(0))
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
	defer frugal()()
	d, err := build(f, p, log)
	if err != nil {
		log.Error("cannot start", "error", err)
		return exitFailure
	}
	d.level = level
	log.Info("sidecar started", "version", Version, "config", p.Path, "threads", threads)
	return d.run(p)
}

// lifetime is the order in which a daemon ends: drain asks for it, and force
// cuts the grace short.
type lifetime struct {
	draining atomic.Bool
	once     sync.Once
	drain    chan struct{}
}

func (l *lifetime) begin() {
	l.once.Do(func() {
		l.draining.Store(true)
		close(l.drain)
	})
}

func (d *daemon) run(p Params) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var work, serving sync.WaitGroup
	d.zk.announced.startAll(ctx, &work)
	d.clubs.startAll(ctx, &work)
	d.startUpstreams(ctx, &work)
	d.startKafka(ctx, &work)
	d.startAdmin(ctx, &work)
	work.Go(func() { d.rotate(ctx) })
	work.Go(func() { d.pulse.run(ctx) })
	awaitAnswers(d.ups.sorted(), p.Signals, d.started.Process.InitialTimeout)
	for _, f := range d.fronts {
		serving.Go(func() {
			if err := f.ln.Run(ctx); err != nil {
				d.log.Error("listener failed", "listener", f.name(), "error", err)
			}
		})
	}
	work.Go(func() { settle(ctx) })
	if p.Started != nil {
		p.Started(d.running())
	}
	code := d.await(p)
	serving.Wait()
	cancel()
	work.Wait()
	d.lot.Close()
	d.pipes.Close()
	d.log.Info("sidecar ended", "code", code)
	return code
}

// await handles signals until the drain has ended.
func (d *daemon) await(p Params) int {
	var done chan struct{}
	var force context.CancelFunc = func() {}
	defer func() { force() }()
	drain := d.life.drain
	for {
		// Before a further signal is looked at, which may come with the first.
		if done == nil && d.life.draining.Load() {
			grace, cancel := context.WithTimeout(context.Background(), d.file.Load().Process.Grace)
			force = cancel
			done = make(chan struct{})
			go d.drain(grace, done)
		}
		select {
		case s := <-p.Signals:
			switch {
			case s == syscall.SIGHUP && done == nil:
				d.reload(p)
			case s == syscall.SIGHUP:
			case done != nil:
				d.log.Warn("second signal: ending at once", "signal", s.String())
				force()
				<-done
				return exitFailure
			default:
				d.log.Info("draining", "signal", s.String(), "grace", d.file.Load().Process.Grace)
				d.life.begin()
			}
		case <-drain:
			drain = nil
		case <-done:
			return exitOK
		}
	}
}

// drain ends every connection within the grace.
func (d *daemon) drain(grace context.Context, done chan struct{}) {
	defer close(done)
	var wg sync.WaitGroup
	wg.Go(func() { d.zk.announced.withdraw(grace) })
	for _, f := range d.fronts {
		f.ln.Stop()
	}
	for _, r := range d.ups.sorted() {
		r.cluster.Drain()
	}
	for _, f := range d.fronts {
		wg.Go(func() {
			if n := f.ln.Drain(grace); n > 0 {
				d.log.Warn(cutBy(grace)+": connections were cut", "listener", f.name(), "connections", n)
			}
		})
	}
	wg.Wait()
	for _, r := range d.ups.sorted() {
		if err := r.speaker.flush(grace); err != nil {
			d.log.Warn(cutBy(grace)+": records were not written", "upstream", r.name, "error", err)
		}
	}
}

// cutBy is what ended a grace.
func cutBy(grace context.Context) string {
	if grace.Err() == context.Canceled {
		return "second signal"
	}
	return "grace is over"
}

// rotateEvery is the window of recent percentiles.
const rotateEvery = 30 * time.Second

func (d *daemon) rotate(ctx context.Context) { every(ctx, rotateEvery, d.registry.Rotate) }

// every calls f each period until ctx ends.
func every(ctx context.Context, period time.Duration, f func()) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f()
		}
	}
}

// load reads, edits and checks the configuration.
func (p Params) load() (*config.File, error) {
	if p.Edit == nil {
		return load(p.Path)
	}
	text, err := os.ReadFile(p.Path)
	if err != nil {
		return nil, err
	}
	f, err := config.Parse(p.Path, p.Edit(text))
	return read(f, err, p.Path)
}
