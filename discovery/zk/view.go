package zk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sidecar/discovery"
)

// maxNodes is how many children of a path are looked at. Each costs a request,
// a watch and some hundred bytes.
const maxNodes = 50000

// maxTold is how many members with unusable data are named.
const maxTold = 5

// view is what is known of the path of one source: its children and what they
// last said. Its owner is the goroutine that runs the source. It is pure: it
// is told what was read and says what there is to read and what it makes of it.
type view struct {
	l        Location
	existed  bool // the path has been there
	removed  bool // and is there no more
	listed   bool // nodes are the children of the path, as of the last list
	strange  int  // children that are neither members nor vectors
	watching bool // for other children
	awaiting bool // for the path itself
	nodes    map[string]*child
}

// child is one child.
type child struct {
	watching bool // for other data
	read     bool // since it was listed first
	stat     Node
	member   Member
	vector   *Vector // if it is one
	good     bool    // member or vector is of use, be it from before
	err      error   // what is wrong with its present data
}

func newView(l Location) *view { return &view{l: l, nodes: map[string]*child{}} }

// list takes up the names of the children and tells whether all can be kept.
func (v *view) list(names []string) error {
	if len(names) > maxNodes {
		// Not listed, or what is known would pass for all that there is.
		return fmt.Errorf("%s has %d children, more than the limit of %d", v.l.Path, len(names), maxNodes)
	}
	v.existed, v.removed, v.listed, v.strange = true, false, true, 0
	now := make(map[string]*child, len(names))
	for _, name := range names {
		if !proper(name) || !strings.HasPrefix(name, v.l.Prefix) && !strings.HasPrefix(name, vectorPrefix) {
			v.strange++
			continue
		}
		n := v.nodes[name]
		if n == nil {
			n = &child{}
		}
		now[name] = n
	}
	v.nodes = now
	return nil
}

// proper tells whether a node can have that name by ZooKeeper's own rules, and
// one that can be told to people.
func proper(name string) bool {
	return name != "" && name != "." && name != ".." && len(name) <= maxPath && !strings.Contains(name, "/") && !hasControl(name)
}

// gone notes that the path is not there.
func (v *view) gone() {
	v.removed, v.listed, v.watching, v.strange, v.nodes = v.existed, true, false, 0, map[string]*child{}
}

// touched notes that the watch of a path has fired.
func (v *view) touched(path string) {
	if path == v.l.Path {
		v.watching, v.awaiting, v.listed = false, false, false
		return
	}
	if n := v.nodes[path[strings.LastIndexByte(path, '/')+1:]]; n != nil {
		n.watching, n.read = false, false
	}
}

// stale marks everything to be read again; watches stay, the library sets them
// again by itself.
func (v *view) stale() {
	v.listed = false
	for _, n := range v.nodes {
		n.read = false
	}
}

// unread are the names of the nodes that are to be read, in order.
func (v *view) unread() []string {
	var names []string
	for name, n := range v.nodes {
		if !n.read {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// take takes up the data of a node. A node whose data has become unusable
// keeps what it said before: it is still there, and what it meant is not known.
func (v *view) take(name string, data []byte, stat Node, err error) {
	n := v.nodes[name]
	if n == nil {
		return
	}
	n.read, n.stat, n.err = true, stat, err
	if err != nil {
		return
	}
	if v.isVector(name) {
		vector, err := DecodeVector(data)
		if n.err = err; err == nil {
			n.vector, n.good = &vector, true
		}
		return
	}
	m, err := DecodeMember(data)
	if err == nil {
		_, err = m.endpoint(v.l.Endpoint)
	}
	if n.err = err; err == nil {
		n.member, n.good = m, true
	}
}

// drop takes a node out that was gone when it was to be read.
func (v *view) drop(name string) { delete(v.nodes, name) }

// isVector: with an empty prefix a vector is one all the same.
func (v *view) isVector(name string) bool {
	return strings.HasPrefix(name, vectorPrefix) && (v.l.Prefix == "" || !strings.HasPrefix(name, v.l.Prefix))
}

// result is what a view amounts to.
type result struct {
	set     []discovery.Endpoint // by address
	members int                  // member nodes
	refused int                  // nodes with unusable data, vectors too
	first   error                // of refused
	told    []string             // what is wrong with the first maxTold of them
	idle    int                  // members that say that they are not to be used
	retired []string             // addresses of those that say so on purpose
}

// result makes the set: of several nodes of one address, which a service that
// has lost its session leaves for some seconds, the newest counts.
func (v *view) result() result {
	var r result
	var vectors []*Vector
	newest := map[string]*child{}
	for _, name := range v.names() {
		n := v.nodes[name]
		if n.err != nil {
			err := fmt.Errorf("%s: %w", name, n.err)
			if r.refused++; r.first == nil {
				r.first = err
			}
			if len(r.told) < maxTold {
				r.told = append(r.told, err.Error())
			}
		}
		if v.isVector(name) {
			if n.good {
				vectors = append(vectors, n.vector)
			}
			continue
		}
		r.members++
		if !n.good {
			continue
		}
		e, _ := n.member.endpoint(v.l.Endpoint)
		if s := n.member.Status; s != alive || n.member.Weight == 0 {
			if r.idle++; s == alive || s == stopping || s == stopped {
				r.retired = append(r.retired, e.Address)
			}
			continue
		}
		if old := newest[e.Address]; old == nil || old.stat.Created < n.stat.Created {
			newest[e.Address] = n
		}
	}
	for _, name := range v.names() {
		n := v.nodes[name]
		if !n.good || v.isVector(name) {
			continue
		}
		e, _ := n.member.endpoint(v.l.Endpoint)
		if newest[e.Address] != n {
			continue
		}
		for _, vector := range vectors {
			e.Weight *= vector.factor(e.Address, name, n.member.Shard)
		}
		if e.Weight > 0 {
			e.Weight = min(e.Weight, maxWeight)
			r.set = append(r.set, e)
		} else {
			r.idle++
			r.retired = append(r.retired, e.Address)
		}
	}
	slices.SortFunc(r.set, func(a, b discovery.Endpoint) int { return cmp.Compare(a.Address, b.Address) })
	return r
}

func (v *view) names() []string {
	names := make([]string, 0, len(v.nodes))
	for name := range v.nodes {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// verdict is what is to be published: an error where nothing that was read can
// be meant, which leaves the last good set in use.
func (v *view) verdict(r result) error {
	switch {
	case len(r.set) > 0:
		return nil
	case !v.existed:
		return fmt.Errorf("there is no node %s yet: it is awaited; correct discover if it is not to come", v.l.Path)
	case r.refused > 0:
		return fmt.Errorf("none of the %d members of %s can be used: %w", r.members, v.l.Path, r.first)
	case r.members == 0 && v.strange > 0:
		return fmt.Errorf("none of the %d children of %s begins with %q: correct the path, or add ?prefix=NAME to it (?prefix= takes all)", v.strange, v.l.Path, v.l.Prefix)
	}
	return nil
}

// emptiness says why the set is empty, if it is.
func (v *view) emptiness(r result) string {
	switch {
	case len(r.set) > 0:
		return ""
	case v.removed:
		return "the node " + v.l.Path + " was removed"
	case r.members == 0:
		return "the node " + v.l.Path + " has no members"
	}
	return fmt.Sprintf("none of the %d members of %s is to be used: their status is not %s, or their weight is 0", r.members, v.l.Path, alive)
}
