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

// auditData reads the next few of these nodes although no watch has fired.
func (f *follower) auditData(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	f.cursor %= len(names)
	some := append(slices.Clone(names[f.cursor:]), names[:f.cursor]...)
	some = some[:min(auditNodes, len(some))]
	f.cursor += len(some)
	for _, name := range some {
		n := f.view.nodes[name]
		if n == nil || !n.read || n.stat == (Node{}) {
			continue
		}
		_, stat, err := f.session.Get(ctx, f.l.Path+"/"+name, false)
		if err != nil && !ofNode(err) {
			return err
		}
		for path := range f.session.Take() {
			f.view.touched(path)
		}
		if n.read && err == nil && stat != n.stat {
			f.missed(f.l.Path + "/" + name)
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

// missed counts a change of a path that no watch told, and has it read again
// with another watch.
func (f *follower) missed(path string) {
	f.stat.missed.Inc()
	f.log.Warn("zookeeper: a change came without an event; the watch is set anew", "path", path)
	f.view.touched(path)
}
