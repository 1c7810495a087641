package route

import (
	"bytes"
	"math"
	"strings"

	"sidecar"
)

// The index finds the first rule in configured order without looking at each:
// rules stand by host, then by path prefix in a tree of segments, then by the
// value of their first other condition. A request meets few such places: its
// host, the wildcards above that, no host; and there the prefixes along its own
// path. What is found in one place is a number, and the lowest number wins.
// Only rules that agree in all three are looked at one after the other.

// none is the number of no rule; every rule's is lower.
const none = math.MaxInt

// group is the rules of one host.
type group struct {
	anyPath place
	root    node
}

// node is a path up to some segment.
type node struct {
	at    place // of the prefix that ends with the segment: "/v2"
	below place // of the prefix that goes on with a slash: "/v2/"
	next  map[string]*node
}

// place is the rules of one host and prefix.
type place struct {
	plain int // 1 + the first rule without further condition, 0 if none
	keyed []keyed
}

// keyed is the rules whose first further condition is on one part of a message:
// on all of it, or on so many bytes that it begins with. Prefixes of each length
// have a place of their own, where one look finds them however many there are.
type keyed struct {
	sel     sidecar.Selector
	begins  int // 0: all of the part counts
	lowest  int
	byValue map[string][]entry
}

// entry is a rule and what is left to ask of it.
type entry struct {
	number int
	rest   []condition
}

// of is the place for rules of that prefix, made if there is none.
func (g *group) of(prefix string) *place {
	if prefix == "" {
		return &g.anyPath
	}
	if prefix == "/" {
		return &g.root.below
	}
	path, open := strings.CutSuffix(prefix[1:], "/")
	n := &g.root
	for seg := range strings.SplitSeq(path, "/") {
		if n.next == nil {
			n.next = map[string]*node{}
		}
		if n.next[seg] == nil {
			n.next[seg] = &node{}
		}
		n = n.next[seg]
	}
	if open {
		return &n.below
	}
	return &n.at
}

// add puts in the rule of that number, higher than all before it.
func (p *place) add(number int, rest []condition) {
	if len(rest) == 0 {
		if p.plain == 0 {
			p.plain = number + 1
		}
		return
	}
	e, begins := entry{number, rest[1:]}, 0
	if rest[0].prefix {
		begins = len(rest[0].value)
	}
	for i := range p.keyed {
		if k := &p.keyed[i]; k.sel == rest[0].sel && k.begins == begins {
			k.byValue[rest[0].value] = append(k.byValue[rest[0].value], e)
			return
		}
	}
	p.keyed = append(p.keyed, keyed{rest[0].sel, begins, number, map[string][]entry{rest[0].value: {e}}})
}

// first is the number of the first rule that m matches, or none.
func (r *Routes) first(m sidecar.Message) int {
	var path []byte
	if r.byPath {
		path, _ = m.Attr(r.path)
	}
	best := r.anyHost.first(m, path, none)
	if !r.byHost {
		return best
	}
	host, ok := m.Attr(r.host)
	if host = bareHost(host); !ok || len(host) > maxHost {
		return best
	}
	var lower [maxHost]byte
	return r.firstOf(fold(lower[:], host), m, path, best)
}

// firstOf is the lowest number below best of a rule whose host matches name,
// else best.
func (r *Routes) firstOf(name []byte, m sidecar.Message, path []byte, best int) int {
	if g := r.hosts[string(name)]; g != nil {
		best = g.first(m, path, best)
	}
	if len(r.wildcards) == 0 {
		return best
	}
	for i, c := range name {
		if c != '.' || i == 0 {
			continue
		}
		if g := r.wildcards[string(name[i:])]; g != nil {
			best = g.first(m, path, best)
		}
	}
	return best
}

// fold writes host to dst in lower case.
func fold(dst, host []byte) []byte {
	for i, c := range host {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		dst[i] = c
	}
	return dst[:len(host)]
}

// first is the lowest number below best of a rule in the group that matches,
// else best.
func (g *group) first(m sidecar.Message, path []byte, best int) int {
	best = g.anyPath.first(m, best)
	if len(path) == 0 || path[0] != '/' {
		return best
	}
	best = g.root.below.first(m, best)
	path = path[1:]
	for n := &g.root; n.next != nil; {
		end := bytes.IndexByte(path, '/')
		segment := path
		if end >= 0 {
			segment = path[:end]
		}
		if n = n.next[string(segment)]; n == nil {
			break
		}
		best = n.at.first(m, best)
		if end < 0 {
			break
		}
		best = n.below.first(m, best)
		path = path[end+1:]
	}
	return best
}

func (p *place) first(m sidecar.Message, best int) int {
	if p.plain != 0 {
		best = min(best, p.plain-1)
	}
	for i := range p.keyed {
		k := &p.keyed[i]
		if k.lowest >= best {
			continue
		}
		value, ok := m.Attr(k.sel)
		if !ok || len(value) < k.begins {
			continue
		}
		if k.begins > 0 {
			value = value[:k.begins]
		}
		for _, e := range k.byValue[string(value)] {
			if e.number >= best {
				break
			}
			if matches(m, e.rest) {
				best = e.number
				break
			}
		}
	}
	return best
}

// matches tells whether m meets all conditions.
func matches(m sidecar.Message, all []condition) bool {
	for _, c := range all {
		value, ok := m.Attr(c.sel)
		if c.prefix && len(value) > len(c.value) {
			value = value[:len(c.value)]
		}
		if !ok || string(value) != c.value {
			return false
		}
	}
	return true
}
