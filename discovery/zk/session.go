package zk

import (
	"context"
	"errors"
	"sync"

	"github.com/go-zookeeper/zk"
)

// Session is one user's part in the connection to an ensemble. One goroutine
// waits on it; requests may be made by several.
type Session struct {
	all  *Ensembles
	en   *ensemble
	base string
	wake chan struct{}

	mu    sync.Mutex
	dirty map[string]struct{} // paths whose watch has fired
}

// maxDirty is how many paths are kept as changed until they are asked for: as
// many as are watched, at most. A server that tells of more makes them up.
const maxDirty = maxNodes + 1

// Node is what a server says of a node beside its data.
type Node struct {
	Created  int64 // the transaction that made it
	Modified int64 // the transaction that wrote its data last
	Owner    int64 // the session that it goes with, 0 if it stays
}

// Wake gets a value when a watched node has changed or the link has come or
// gone.
func (s *Session) Wake() <-chan struct{} { return s.wake }

// Take gives the paths that have changed since the last call.
func (s *Session) Take() map[string]struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.dirty
	s.dirty = map[string]struct{}{}
	return d
}

// Link numbers the link to a server that the session has now: another number
// is another link, over which everything may have changed. 0 is none, with the
// reason. id is the number of the session in ZooKeeper.
func (s *Session) Link() (link uint64, id int64, err error) { return s.en.link() }

// Permit says what helps when a node may not be read or written. ZooKeeper takes
// a wrong password without a word, so that the difference shows here.
func (s *Session) Permit() string {
	if s.en.auth != nil {
		return "the user or password of auth in [zookeeper.NAME] is not one that may: correct it, or the node's ACL"
	}
	return "set auth in a [zookeeper.NAME] table with these servers"
}

// Leave ends the part. The last one of an ensemble closes the connection,
// which may take a second.
func (s *Session) Leave() { s.all.leave(s) }

func (s *Session) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Session) changed(path string) {
	if !under(path, s.base) {
		return
	}
	s.mu.Lock()
	if len(s.dirty) < maxDirty {
		s.dirty[path] = struct{}{}
	}
	s.mu.Unlock()
	s.poke()
}

// Children are the names of a node's children. With watch, the next change of
// them wakes the session; a watch stays until it has fired, also over
// reconnects, and each one asked for costs memory until then.
func (s *Session) Children(ctx context.Context, path string, watch bool) ([]string, error) {
	names, err := asked(ctx, s.en, func(c *zk.Conn) (names []string, err error) {
		if watch {
			s.en.dial.watched.Store(true)
			names, _, _, err = c.ChildrenW(path)
		} else {
			names, _, err = c.Children(path)
		}
		return names, err
	})
	return names, err
}

// Get is the data of a node; watch is as for Children.
func (s *Session) Get(ctx context.Context, path string, watch bool) ([]byte, Node, error) {
	type answer struct {
		data []byte
		node Node
	}
	a, err := asked(ctx, s.en, func(c *zk.Conn) (a answer, err error) {
		var stat *zk.Stat
		if watch {
			s.en.dial.watched.Store(true)
			a.data, stat, _, err = c.GetW(path)
		} else {
			a.data, stat, err = c.Get(path)
		}
		if err == nil {
			a.node = node(stat)
		}
		return a, err
	})
	return a.data, a.node, err
}

// Exists looks for a node; watch is as for Children, and fires when the node
// comes, goes or changes.
func (s *Session) Exists(ctx context.Context, path string, watch bool) (bool, Node, error) {
	type answer struct {
		ok   bool
		node Node
	}
	a, err := asked(ctx, s.en, func(c *zk.Conn) (a answer, err error) {
		var stat *zk.Stat
		if watch {
			s.en.dial.watched.Store(true)
			a.ok, stat, _, err = c.ExistsW(path)
		} else {
			a.ok, stat, err = c.Exists(path)
		}
		if err == nil && a.ok {
			a.node = node(stat)
		}
		return a, err
	})
	return a.ok, a.node, err
}

// Create makes a node that goes with the session and whose name is path with a
// number of ten digits behind it, and returns that name. If the error is one
// of the connection, whether the node was made is not known.
func (s *Session) Create(ctx context.Context, path string, data []byte) (string, error) {
	return asked(ctx, s.en, func(c *zk.Conn) (string, error) {
		return c.Create(path, data, zk.FlagEphemeral|zk.FlagSequence, s.en.acl())
	})
}

// MakePath makes a node that stays, and those above it, where they are
// missing.
func (s *Session) MakePath(ctx context.Context, path string) error {
	for i := 1; i <= len(path); i++ {
		if i < len(path) && path[i] != '/' {
			continue
		}
		_, err := asked(ctx, s.en, func(c *zk.Conn) (string, error) { return c.Create(path[:i], nil, 0, s.en.acl()) })
		// Who may not make it may still find it there.
		if err != nil && !errors.Is(err, zk.ErrNodeExists) && !(errors.Is(err, zk.ErrNoAuth) && i < len(path)) {
			return err
		}
	}
	return nil
}

// Delete removes a node; one that is not there is no error.
func (s *Session) Delete(ctx context.Context, path string) error {
	_, err := asked(ctx, s.en, func(c *zk.Conn) (struct{}, error) {
		err := c.Delete(path, -1)
		if errors.Is(err, zk.ErrNoNode) {
			err = nil
		}
		return struct{}{}, err
	})
	return err
}

// asked runs a request and gives its answer, which is of the caller's alone.
func asked[T any](ctx context.Context, e *ensemble, request func(*zk.Conn) (T, error)) (T, error) {
	var answer T
	got := make(chan T, 1)
	err := e.do(ctx, func(c *zk.Conn) error {
		a, err := request(c)
		got <- a
		return err
	})
	if err == nil {
		answer = <-got
	}
	return answer, err
}

// acl is who may do what with nodes that we make: with credentials, everybody
// reads and only we change, as Twitter's announcers do.
func (e *ensemble) acl() []zk.ACL {
	if e.auth == nil {
		return zk.WorldACL(zk.PermAll)
	}
	return append(zk.WorldACL(zk.PermRead), zk.AuthACL(zk.PermAll)...)
}

func node(s *zk.Stat) Node { return Node{s.Czxid, s.Mzxid, s.EphemeralOwner} }

// Missing tells whether an error says that there is no such node.
func Missing(err error) bool { return errors.Is(err, zk.ErrNoNode) }

// Denied tells whether an error says that we may not do that.
func Denied(err error) bool { return errors.Is(err, zk.ErrNoAuth) || errors.Is(err, zk.ErrInvalidACL) }
