package announce

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sidecar/discovery/zk"
)

// maxNumber is the longest number that a server adds to a member's name.
const maxNumber = 20

// registration is the member of one run of an Announcer. Its owner is the
// goroutine of Run.
type registration struct {
	*Announcer
	session *zk.Session

	node     string // the path of the member, "" if there is none
	owner    int64  // the session that it goes with
	doubt    bool   // a member may have been made whose name was not told
	made     bool   // the path above is there
	watching bool   // for the end of the node
	link     uint64 // the one that node was looked at over
	looked   time.Time
	fails    int
}

// round makes what is there what there should be, and returns when to come
// again at the latest.
func (r *registration) round(ctx context.Context) time.Duration {
	link, id, trouble := r.session.Link()
	if _, fired := r.session.Take()[r.node]; fired {
		r.watching, r.looked = false, time.Time{}
	}
	if link == 0 {
		// The member stays where it is until its session is over.
		r.say(trouble)
		if r.node == "" && !r.doubt && !r.wanted() {
			r.left()
		}
		return maxAgain
	}
	if link != r.link {
		r.looked = time.Time{}
	}
	err := r.settle(ctx, id)
	if err == nil {
		r.link, r.fails = link, 0
		r.say(nil)
		return auditEvery
	}
	r.fails++
	r.say(err)
	return min(minAgain<<min(r.fails, 16), maxAgain)
}

func (r *registration) settle(ctx context.Context, id int64) error {
	if err := r.clear(ctx, id); err != nil {
		return err
	}
	switch wanted := r.wanted(); {
	case !wanted && r.node != "":
		return r.remove(ctx)
	case !wanted:
		r.left()
		return nil
	case r.node == "":
		return r.create(ctx, id)
	case time.Since(r.looked) >= auditEvery:
		return r.look(ctx, id)
	}
	return nil
}

// clear sees to it that there is no member but the one that is known: not the
// one of a session before this, nor one that was made when the connection
// broke.
func (r *registration) clear(ctx context.Context, id int64) error {
	if r.node != "" && r.owner != id {
		there, stat, err := r.session.Exists(ctx, r.node, false)
		if err != nil {
			return err
		}
		if there && stat.Owner == r.owner {
			if err := r.session.Delete(ctx, r.node); err != nil {
				return err
			}
		}
		r.log.Warn("announce: the session was lost; the service is announced anew")
		r.node, r.watching = "", false
		r.gap()
	}
	if !r.doubt || r.node != "" {
		return nil
	}
	names, err := r.session.Children(ctx, r.p.At.Path, false)
	if err != nil && !zk.Missing(err) {
		return err
	}
	for _, name := range names {
		if !strings.HasPrefix(name, r.p.At.Prefix) {
			continue
		}
		node := r.p.At.Path + "/" + name
		data, stat, err := r.session.Get(ctx, node, false)
		switch {
		case zk.Missing(err) || zk.Denied(err):
		case err != nil:
			return err
		case stat.Owner == id && string(data) == string(r.data):
			r.doubt = false
			r.have(node, id)
			return nil
		}
	}
	r.doubt = false
	return nil
}

func (r *registration) create(ctx context.Context, id int64) error {
	if !r.made {
		if err := r.session.MakePath(ctx, r.p.At.Path); err != nil {
			return err
		}
		r.made = true
	}
	r.doubt = true // until the answer is there
	node, err := r.session.Create(ctx, r.p.At.Path+"/"+r.p.At.Prefix, r.data)
	switch {
	case zk.Missing(err):
		r.doubt, r.made = false, false
		return fmt.Errorf("the path was taken away: %w", err)
	case zk.Denied(err):
		r.doubt = false
		return fmt.Errorf("not allowed to write %s: %s: %w", r.p.At.Path, r.session.Permit(), err)
	case err != nil:
		return err
	}
	r.doubt = false
	if name, ok := strings.CutPrefix(node, r.p.At.Path+"/"+r.p.At.Prefix); !ok || len(name) > maxNumber {
		return fmt.Errorf("the server says to have made %.100q where %s/%s and a number was asked for", node, r.p.At.Path, r.p.At.Prefix)
	}
	r.stats.created.Inc()
	r.have(node, id)
	return r.look(ctx, id) // which sets the watch
}

// have notes that the member is there.
func (r *registration) have(node string, id int64) {
	r.node, r.owner, r.watching, r.looked = node, id, false, time.Time{}
	r.stats.announced.Set(1)
	r.log.Info("announce: the service is announced", "node", node)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status.Announced, r.status.Node, r.status.Since = true, node, time.Now()
}

// look looks whether the member is still there: somebody may have removed it.
func (r *registration) look(ctx context.Context, id int64) error {
	there, stat, err := r.session.Exists(ctx, r.node, !r.watching)
	if err != nil {
		return err
	}
	r.watching, r.looked = true, time.Now()
	if there && stat.Owner == id {
		return nil
	}
	r.log.Warn("announce: the member was removed by somebody else; it is made anew", "node", r.node)
	r.node, r.watching = "", false
	r.gap()
	// Not at once: whoever removes each one would be outdone.
	return errRemoved
}

var errRemoved = errors.New("the member was removed by somebody else")

func (r *registration) remove(ctx context.Context) error {
	if err := r.session.Delete(ctx, r.node); err != nil {
		return err
	}
	r.log.Info("announce: the service is withdrawn", "node", r.node)
	r.node, r.watching = "", false
	r.stats.removed.Inc()
	r.left()
	return nil
}

// left notes that there is no member, and tells who waits for that.
func (r *registration) left() {
	r.gap()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.withdrawn {
		return
	}
	select {
	case <-r.gone:
	default:
		close(r.gone)
	}
}

func (r *registration) gap() {
	r.stats.announced.Set(0)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.status.Announced {
		r.status.Announced, r.status.Node, r.status.Since = false, "", time.Now()
	}
}

// say shows what ZooKeeper says, and logs it once; that a process which has just
// begun is not connected yet is no news.
func (r *registration) say(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	r.mu.Lock()
	changed := text != r.status.Error
	r.status.Error = text
	r.mu.Unlock()
	if changed && err != nil && !errors.Is(err, zk.ErrNotYet) {
		r.log.Warn("announce: ZooKeeper cannot be told; it is tried again", "err", err)
	}
}

// end takes the member away before the session is left, which others may still
// use.
func (r *registration) end(ctx context.Context) {
	r.mu.Lock()
	r.withdrawn = true
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	if _, id, err := r.session.Link(); err == nil {
		r.say(r.settle(ctx, id))
	}
	r.left()
}
