package zk

import (
	"context"
	"slices"
	"time"
)

// auditList lists the children although no watch has fired. If they have
// changed, the watch is lost and is set anew.
func (f *follower) auditList(ctx context.Context) error {
	names, err := f.session.Children(ctx, f.l.Path, false)
	there := err == nil
	if err != nil && !Missing(err) {
		return err
	}
	f.audited = time.Now()
	// What fired meanwhile was told before this answer was.
	told := f.session.Take()
	for path := range told {
		f.view.touched(path)
	}
	if !f.view.listed || f.view.same(names, there) {
		return nil
	}
	f.missed(f.l.Path)
	return nil
}

// same tells whether the children are those of the last list.
func (v *view) same(names []string, there bool) bool {
	if !there {
		return len(v.nodes) == 0 && v.strange == 0 && !v.watching
	}
	if len(names) != len(v.nodes)+v.strange {
		return false
	}
	known := 0
	for _, name := range names {
		if _, ok := v.nodes[name]; ok {
			known++
		}
	}
	return known == len(v.nodes) && v.watching
}

// auditData reads the next part of these nodes although no watch has fired.
func (f *follower) auditData(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil // no audit
	}
	some := f.part(names)
	answers := f.fetch(ctx, some, func(string) bool { return false })
	// What fired meanwhile was told before the answers were.
	for path := range f.session.Take() {
		f.view.touched(path)
	}
	for _, a := range answers {
		switch n := f.view.nodes[a.name]; {
		case a.err != nil && !ofNode(a.err):
			return a.err
		case n != nil && n.read && a.err == nil && a.stat != n.stat:
			f.missed(f.l.Path + "/" + a.name)
		}
	}
	if err := f.read(ctx, f.view.unread()); err != nil {
		return err
	}
	if !f.view.listed {
		f.session.poke()
	}
	return nil
}

// part are the nodes whose turn it is, of those that have been read well.
func (f *follower) part(names []string) []string {
	f.cursor %= len(names)
	some := slices.Concat(names[f.cursor:], names[:f.cursor])
	some = some[:min(max(auditNodes, (len(names)+auditRounds-1)/auditRounds), len(some))]
	f.cursor += len(some)
	return slices.DeleteFunc(some, func(name string) bool {
		n := f.view.nodes[name]
		return n == nil || !n.read || n.stat == (Node{})
	})
}

// missed counts a change of a path that no watch told, and has it read again
// with another watch.
func (f *follower) missed(path string) {
	f.stat.missed.Inc()
	f.log.Warn("zookeeper: a change came without an event; the watch is set anew", "path", path)
	f.view.touched(path)
}
