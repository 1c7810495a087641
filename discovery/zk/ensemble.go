package zk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"sidecar/varz"
)

const (
	// maxRequests is how many requests of ours an ensemble has to answer at
	// once. More would not be faster, and a thousand sidecars that reconnect
	// together would be felt.
	maxRequests = 32
	// maxPacket is the largest answer that is taken, in bytes: a list of a
	// hundred thousand children has five millions.
	maxPacket = 8 << 20
	// maxRequest is the buffer for what is sent, in bytes. A request to set
	// watches again has at most 128 KiB.
	maxRequest = 256 << 10
)

// ErrNotYet is why an ensemble has no session before anything has gone wrong.
var ErrNotYet = errors.New("not connected yet")

var errLost = errors.New("the connection was lost")

// ensemble is the connection to one ensemble, kept up by the library, with the
// sessions that share it.
type ensemble struct {
	key     string
	log     *slog.Logger
	auth    func() (string, error)
	conn    *zk.Conn
	dial    *dialer
	stats   ensembleStats
	slots   chan struct{} // one for each request that may be under way
	poke    chan struct{} // wakes run
	quit    chan struct{}
	working sync.WaitGroup // run, and the requests under way

	mu       sync.Mutex
	sessions map[*Session]struct{}
	linked   uint64 // how often the library has said that there is a session
	up       bool   // what it said last
	ready    uint64 // the link whose credentials are accepted; 0 = none
	trouble  error  // why there is no session; nil if there is one
	cause    error  // what went wrong with the one that there is
	loss     error  // why the last one was lost
	since    time.Time
	lastID   int64
}

type ensembleStats struct {
	connected                *varz.Gauge
	connects, sessionsOpened *varz.Counter
	reads                    *varz.Counter
}

func newEnsemble(key string, servers []string, p Params) *ensemble {
	set := p.Settings(servers)
	if set.SessionTimeout <= 0 {
		set.SessionTimeout = DefaultSessionTimeout
	}
	src := varz.Source{Endpoint: key}
	e := &ensemble{
		key: key, log: p.Log.With("zookeeper", key), auth: set.Auth,
		slots: make(chan struct{}, maxRequests), poke: make(chan struct{}, 1), quit: make(chan struct{}),
		sessions: map[*Session]struct{}{}, trouble: ErrNotYet, since: time.Now(),
		stats: ensembleStats{
			p.Registry.Gauge(varz.ZooKeeperConnected, src), p.Registry.Counter(varz.ZooKeeperConnects, src),
			p.Registry.Counter(varz.ZooKeeperSessions, src), p.Registry.Counter(varz.ZooKeeperRequests, src),
		},
	}
	e.dial = &dialer{tls: set.TLS, patience: set.SessionTimeout, quit: e.quit, failed: e.fail}
	conn, events, err := zk.Connect(servers, set.SessionTimeout,
		zk.WithDialer(e.dial.dial), zk.WithHostProvider(&hosts{quit: e.quit}), zk.WithLogger(quiet{e.log}), zk.WithLogInfo(false),
		zk.WithMaxBufferSize(maxPacket), zk.WithMaxConnBufferSize(maxRequest), zk.WithEventCallback(e.event))
	if err != nil {
		panic("zk: " + err.Error()) // only of an empty list of servers
	}
	e.conn = conn
	e.working.Go(func() { e.run(events) })
	return e
}

// run makes a session usable, and ends with the library's own goroutines.
func (e *ensemble) run(events <-chan zk.Event) {
	for {
		select {
		case _, on := <-events: // what it says, event has seen before
			if !on {
				return
			}
		case <-e.poke:
			e.admit()
		}
	}
}

// event is called by the library, by one goroutine at a time, which must not
// wait. What it does here is done before the answer to any later request.
func (e *ensemble) event(ev zk.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if ev.Type != zk.EventSession {
		for s := range e.sessions {
			s.changed(ev.Path)
		}
		return
	}
	switch ev.State {
	case zk.StateHasSession:
		e.linked++
		e.up = true
		select {
		case e.poke <- struct{}{}:
		default:
		}
	case zk.StateDisconnected, zk.StateExpired:
		if ev.State == zk.StateExpired {
			e.dial.watched.Store(false) // they ended with the session
		}
		if e.ready != 0 {
			e.log.Warn("zookeeper: connection lost; what is known stays in use")
			e.since = time.Now()
		}
		e.lose()
		e.tell()
	}
}

// lose notes that there is no session, and why; with the lock held.
func (e *ensemble) lose() {
	e.up = false
	e.disconnected()
	if e.trouble == nil {
		e.loss = cmp.Or(e.cause, errLost)
		e.trouble = e.loss
	}
	e.cause = nil
}

// admit gives our credentials to a new link and opens it to the sessions. The
// library repeats credentials on its own reconnects.
func (e *ensemble) admit() {
	e.mu.Lock()
	link, up, first := e.linked, e.up, e.lastID == 0
	e.mu.Unlock()
	if !up {
		return
	}
	if e.auth != nil && first {
		secret, err := e.auth()
		if err == nil {
			if err = e.conn.AddAuth("digest", []byte(secret)); err != nil {
				err = fmt.Errorf("the ensemble does not take our credentials: %w", err)
			}
		}
		if err != nil {
			// The library connects again; until then nothing is readable.
			e.fail(err)
			e.dial.cut()
			return
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.linked != link || !e.up || e.ready == link {
		return // lost meanwhile, or admitted before by a poke that came late
	}
	e.stats.connects.Inc()
	e.stats.connected.Add(1)
	if id := e.conn.SessionID(); id != e.lastID {
		e.stats.sessionsOpened.Inc()
		e.lastID = id
	}
	e.ready, e.trouble, e.since = link, nil, time.Now()
	e.log.Info("zookeeper: connected", "server", e.conn.Server(), "session", sessionName(e.lastID))
	e.tell()
}

// fail notes why there is no session, or will be none.
func (e *ensemble) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ready == 0 {
		e.trouble = err
	} else {
		e.cause = err
	}
}

// lossOf is why the connection was lost, if that is what err says.
func (e *ensemble) lossOf(err error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if errors.Is(err, zk.ErrConnectionClosed) && e.loss != nil {
		return e.loss
	}
	return err
}

// tell wakes all sessions; with the lock held.
func (e *ensemble) tell() {
	for s := range e.sessions {
		s.poke()
	}
}

func (e *ensemble) add(s *Session) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sessions[s] = struct{}{}
}

func (e *ensemble) remove(s *Session) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.sessions, s)
}

// link is the present link, 0 and the reason if there is none.
func (e *ensemble) link() (uint64, int64, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ready, e.lastID, e.trouble
}

// do runs one request of the library, which cannot be called off: if ctx ends
// first, the request ends by itself, at the latest with the connection. It is
// not sent without a link, or it would wait in the library until there is one.
// A server that answers nothing but signs of life is left, for another.
func (e *ensemble) do(ctx context.Context, request func(*zk.Conn) error) error {
	if link, _, err := e.link(); link == 0 {
		return err
	}
	select {
	case e.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	done := make(chan error, 1)
	e.stats.reads.Inc()
	e.working.Go(func() {
		defer func() { <-e.slots }()
		done <- request(e.conn)
	})
	late := time.NewTimer(e.dial.patience)
	defer late.Stop()
	select {
	case err := <-done:
		return e.lossOf(err)
	case <-ctx.Done():
		return ctx.Err()
	case <-late.C:
		err := fmt.Errorf("%s has not answered for %s", e.conn.Server(), e.dial.patience)
		e.fail(err)
		e.dial.cut()
		return err
	}
}

// Close ends the session, if the ensemble can be told, and waits for every
// goroutine.
func (e *ensemble) Close() {
	e.mu.Lock()
	link := e.ready
	e.up = false
	e.disconnected() // before it ends, which would be told as a loss
	e.mu.Unlock()
	if link == 0 { // nobody to say good-bye to
		e.dial.end()
		close(e.quit)
	}
	e.conn.Close()
	if link != 0 {
		e.dial.end()
		close(e.quit)
	}
	e.working.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.disconnected()
}

// disconnected counts a usable link out; with the lock held. The gauge is
// counted and not set: another connection to the same servers may have been
// made while this one was being closed.
func (e *ensemble) disconnected() {
	if e.ready != 0 {
		e.stats.connected.Add(-1)
	}
	e.ready = 0
}

func (e *ensemble) describe() State {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := State{Servers: e.key, Connected: e.ready != 0, Since: e.since}
	if s.Connected {
		s.Server, s.Session = e.conn.Server(), sessionName(e.lastID)
	}
	if e.trouble != nil {
		s.Error = e.trouble.Error()
	}
	return s
}

// sessionName is a session's number as ZooKeeper's own log writes it.
func sessionName(id int64) string { return "0x" + strconv.FormatUint(uint64(id), 16) }

// quiet lets the library's lines into our log for who asks for them.
type quiet struct{ log *slog.Logger }

// Printf is called by the library.
func (q quiet) Printf(format string, args ...any) {
	q.log.Debug("zookeeper: " + strings.TrimSpace(fmt.Sprintf(format, args...)))
}

// under tells whether a path is base or a child of it.
func under(p, base string) bool { return p == base || path.Dir(p) == base }
