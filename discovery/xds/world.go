package xds

import (
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strings"
	"time"

	"sidecar/discovery"
)

// fetchTimeout is how long a control plane may be silent about something that
// it was asked for before that is told. The protocol says nothing about what
// does not exist but in this way; 15 s is what its specification recommends.
const fetchTimeout = 15 * time.Second

// maxReasons is how many resources of one response are told as bad, of which
// the control plane's operator reads the first.
const maxReasons = 5

// world is what one control plane has said of what it was asked for. It has no
// clock and does nothing by itself; one goroutine uses it.
type world struct {
	server  string
	entries [kinds]map[string]*entry
	changes uint64 // of all entries ever
	seed    maphash.Seed
	up      bool  // there is a stream
	down    error // why there is none, once that is worth telling
}

func newWorld(server string) *world {
	return &world{server: server, entries: [kinds]map[string]*entry{{}, {}}, seed: maphash.MakeSeed()}
}

// want says which clusters are asked for from now on.
func (w *world) want(names []string, now time.Time) {
	w.keep(clusters, names, now)
	w.follow(now)
}

// follow asks for the endpoints of the clusters that have them in EDS.
func (w *world) follow(now time.Time) {
	var names []string
	for _, c := range w.entries[clusters] {
		if c.known && c.cluster.service != "" {
			names = append(names, c.cluster.service)
		}
	}
	w.keep(loads, names, now)
}

func (w *world) keep(k kind, names []string, now time.Time) {
	wanted := map[string]bool{}
	for _, n := range names {
		wanted[n] = true
		if w.entries[k][n] == nil {
			e := &entry{parsed: parsed{name: n}, trouble: w.down}
			if w.up {
				e.due = now.Add(fetchTimeout)
			}
			w.entries[k][n] = e
		}
	}
	maps.DeleteFunc(w.entries[k], func(n string, _ *entry) bool { return !wanted[n] })
}

// names are those asked for, sorted.
func (w *world) names(k kind) []string { return slices.Sorted(maps.Keys(w.entries[k])) }

// versions are those of the resources that are known.
func (w *world) versions(k kind) map[string]string {
	all := map[string]string{}
	for n, e := range w.entries[k] {
		if e.known && e.version != "" {
			all[n] = e.version
		}
	}
	return all
}

// linked begins to wait for answers, on a new stream.
func (w *world) linked(now time.Time) {
	w.up, w.down = true, nil
	w.each(func(_ kind, e *entry) { e.due = now.Add(fetchTimeout) })
}

// unlinked begins to wait for a stream.
func (w *world) unlinked() {
	w.up = false
	w.each(func(_ kind, e *entry) { e.due = time.Time{} })
}

// lost notes that there has been no stream for too long, and why.
func (w *world) lost(err error) {
	w.down = err
	w.each(func(_ kind, e *entry) { e.due, e.trouble, e.stale = time.Time{}, err, true })
}

func (w *world) each(do func(kind, *entry)) {
	for k := range kinds {
		for _, e := range w.entries[k] {
			do(k, e)
		}
	}
}

// errBeat ends a stream: the control plane thinks that we know what we do not,
// and would never tell it again.
var errBeat = errors.New("the control plane confirms a resource that ran out here")

// take takes a response. refused says what in it cannot be used, for the control
// plane; all else counts. broken is an error after which the stream is of no
// more use.
func (w *world) take(n news, now time.Time) (refused, broken error) {
	if len(n.items) > maxResources {
		return fmt.Errorf("%d resources, more than the limit of %d", len(n.items), maxResources), nil
	}
	if n.changes {
		w.each(func(_ kind, e *entry) {
			if e.known && e.stale {
				e.trouble, e.stale, e.due = nil, false, time.Time{}
			}
		})
	}
	var bad []error
	seen := map[string]bool{}
	beats, nameless := false, false
	for i, it := range n.items {
		if it.beat {
			beats = true
			if e := w.entries[n.kind][it.name]; e != nil && e.known {
				e.stands(it.ttl, now)
			} else if e != nil {
				broken = errBeat
			}
			continue
		}
		name, err := w.put(n.kind, it, now)
		seen[name] = true
		nameless = nameless || name == ""
		if err != nil {
			bad = append(bad, fmt.Errorf("resource %d (%q): %w", i, told(name), err))
		}
	}
	for _, name := range n.removed {
		if e := w.entries[n.kind][name]; e != nil {
			w.drop(e, w.without(n.kind, name))
		}
	}
	// Only what was known is missed: what was asked for just now may not have
	// reached the control plane when it answered.
	if n.whole && !beats && !nameless {
		for name, e := range w.entries[n.kind] {
			if e.known && !seen[name] {
				w.drop(e, w.without(n.kind, name))
			}
		}
	}
	w.follow(now)
	return joined(bad), broken
}

// joined is what is wrong with a response, in one line.
func joined(bad []error) error {
	if len(bad) == 0 {
		return nil
	}
	var texts []string
	for _, err := range bad[:min(len(bad), maxReasons)] {
		texts = append(texts, err.Error())
	}
	if more := len(bad) - maxReasons; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return errors.New(strings.Join(texts, "; "))
}

// put takes one resource; its name is "" if that cannot be had. What was not
// asked for is nobody's business here, and is not judged: other clients may be
// able to use it.
func (w *world) put(k kind, it item, now time.Time) (name string, err error) {
	if e := w.entries[k][it.name]; it.name != "" && e == nil {
		return it.name, nil
	}
	p, err := parse(k, it)
	if it.name != "" {
		p.name = it.name
	}
	if p.name == "" {
		if err == nil {
			err = errors.New("has no name")
		}
		return "", err
	}
	e := w.entries[k][p.name]
	switch {
	case e == nil:
		return p.name, nil
	case err != nil:
		e.refuse(fmt.Errorf("xds: %s: what it tells of %s %q is refused, what was known before stays: %w", w.server, k, told(p.name), err))
		return p.name, err
	}
	// The older form tells everything again when one of it has changed: what is
	// the same is not news to its source, which would compare it all.
	sum := maphash.Bytes(w.seed, it.body.GetValue())
	if e.known && e.sum == sum {
		e.version = it.version
		e.stands(it.ttl, now)
		return p.name, nil
	}
	e.take(p, it.version, it.ttl, now)
	e.sum = sum
	w.changed(e)
	return p.name, nil
}

func (w *world) drop(e *entry, why string) {
	e.drop(why)
	w.changed(e)
}

func (w *world) changed(e *entry) {
	w.changes++
	e.changed = w.changes
}

func (w *world) without(k kind, name string) string {
	return fmt.Sprintf("the control plane %s has no %s %q any more", w.server, k, told(name))
}

// pass does what time brings: it drops what ran out, and notes what is overdue.
// quiet says that silence confirms what is known, as it does in the
// incremental form. It returns when to come again, zero for never.
func (w *world) pass(now time.Time, quiet bool) (next time.Time) {
	w.each(func(k kind, e *entry) {
		if !e.until.IsZero() && !now.Before(e.until) {
			w.drop(e, fmt.Sprintf("the time for which the control plane %s let %s %q be used is over", w.server, k, told(e.name)))
		}
		if !e.due.IsZero() && !now.Before(e.due) {
			e.due = time.Time{}
			e.trouble = w.overdue(k, e, quiet)
		}
	})
	w.follow(now)
	w.each(func(_ kind, e *entry) {
		for _, t := range [...]time.Time{e.until, e.due} {
			if !t.IsZero() && (next.IsZero() || t.Before(next)) {
				next = t
			}
		}
	})
	return next
}

func (w *world) overdue(k kind, e *entry, quiet bool) error {
	switch {
	case e.known && quiet:
		return nil
	case e.known:
		return fmt.Errorf("xds: %s has not told %s %q for %s on a new stream; what was known before stays", w.server, k, told(e.name), fetchTimeout)
	case k == loads:
		return fmt.Errorf("xds: %s has not told the endpoints %q within %s: it knows the cluster; look why it has no ClusterLoadAssignment of that name", w.server, told(e.name), fetchTimeout)
	}
	return fmt.Errorf("xds: %s has not told cluster %q within %s: correct the name in the URI, or node_id in [xds], or look whether the control plane has such a cluster for this node", w.server, told(e.name), fetchTimeout)
}

// String is a kind in messages.
func (k kind) String() string {
	if k == clusters {
		return "cluster"
	}
	return "endpoints"
}

// verdict is what is known of the endpoints of a cluster. changes tells one set
// from another; 0 is that there is none.
type verdict struct {
	set     []discovery.Endpoint
	empty   string
	changes uint64
	trouble error
	drops   []discovery.Drop
	retired []string
	names   []string // of the set, that are to be resolved
	family  string
}

// about is what is known of a cluster.
func (w *world) about(name string) verdict {
	c := w.entries[clusters][name]
	switch {
	case c == nil || !c.known && c.gone == "":
		var v verdict
		if c != nil {
			v.trouble = c.trouble
		}
		return v
	case c.gone != "":
		return verdict{empty: c.gone, changes: c.changed, trouble: c.trouble}
	case c.cluster.fixed != nil:
		m := c.cluster.fixed
		return verdict{m.set, m.empty(), c.changed, c.trouble, m.drops, m.retired, m.names, m.family}
	}
	l := w.entries[loads][c.cluster.service]
	trouble := c.trouble
	switch {
	case l == nil: // not between calls of follow
		return verdict{trouble: trouble}
	case trouble == nil:
		trouble = l.trouble
	}
	if !l.known && l.gone == "" {
		return verdict{trouble: trouble}
	}
	v := verdict{
		set: l.members.set, empty: l.members.empty(), changes: max(c.changed, l.changed), trouble: trouble,
		drops: l.members.drops, retired: l.members.retired,
	}
	if l.gone != "" {
		v.empty = l.gone
	}
	return v
}
