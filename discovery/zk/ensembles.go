package zk

import (
	"cmp"
	"crypto/tls"
	"log/slog"
	"slices"
	"strings"
	"time"

	"sidecar/discovery"
	"sidecar/varz"
)

// DefaultSessionTimeout is how long an ensemble keeps a session, and with it
// the nodes announced in it, after the last it heard of us. Two thirds of it
// without a word from the server end a connection.
const DefaultSessionTimeout = 10 * time.Second

// Settings are how an ensemble is spoken to.
type Settings struct {
	SessionTimeout time.Duration // 0 = DefaultSessionTimeout; the ensemble has bounds of its own
	// Auth gives "user:password" for ZooKeeper's digest scheme; asked when the
	// first connection is made; nil = none.
	Auth func() (string, error)
	// TLS gives what TLS needs, asked anew for each connection; nil = plain.
	// The server's name is filled in.
	TLS func() (*tls.Config, error)
}

// Params are what Ensembles needs.
type Params struct {
	// Settings of the ensemble with these servers; nil = the defaults for all.
	// They are asked when a connection is made for the first user of an
	// ensemble, and stay until its last one has left.
	Settings func(servers []string) Settings
	Registry *varz.Registry // needed
	Log      *slog.Logger   // nil is no log
}

// Ensembles holds one connection to each ensemble that somebody uses. It is
// safe for concurrent use.
type Ensembles struct {
	p    Params
	open discovery.Shared[*ensemble] // by servers
}

// NewEnsembles holds no connection yet.
func NewEnsembles(p Params) *Ensembles {
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	if p.Settings == nil {
		p.Settings = func([]string) Settings { return Settings{} }
	}
	return &Ensembles{p: p}
}

// Source is the source of a zk:// URI for the upstream named service. It
// connects when it is run.
func (e *Ensembles) Source(uri, service string) (discovery.Source, error) {
	l, err := ParseLocation(uri)
	if err != nil {
		return nil, err
	}
	return newSource(e, uri, service, l), nil
}

// Join takes part in the connection to an ensemble, which the first one makes.
// The session is told of changes of the node base and of its children. It
// must be left; Join does not wait for a connection.
func (e *Ensembles) Join(servers []string, base string) *Session {
	key := strings.Join(servers, ",")
	en := e.open.Join(key, func() *ensemble { return newEnsemble(key, servers, e.p) })
	s := &Session{all: e, en: en, base: base, wake: make(chan struct{}, 1), dirty: map[string]struct{}{}}
	en.add(s)
	return s
}

// leave ends the connection with its last user, and waits for its goroutines.
func (e *Ensembles) leave(s *Session) {
	s.en.remove(s)
	e.open.Leave(s.en.key)
}

// State is one connection as people see it.
type State struct {
	Servers   string    `json:"servers"`
	Server    string    `json:"server,omitempty"` // the one that it has now
	Connected bool      `json:"connected"`
	Session   string    `json:"session,omitempty"`
	Since     time.Time `json:"since"` // of Connected
	Users     int       `json:"users"` // sources and announcements on it
	Error     string    `json:"error,omitempty"`
}

// States are all connections, by their servers.
func (e *Ensembles) States() []State {
	var all []State
	e.open.Each(func(en *ensemble, users int) {
		s := en.describe()
		s.Users = users
		all = append(all, s)
	})
	slices.SortFunc(all, func(a, b State) int { return cmp.Compare(a.Servers, b.Servers) })
	return all
}
