package resp

// lane is the pieces of a plan that go to one server, in order: they run one
// behind the other, and the lanes of a plan at once.
type lane struct {
	target   *Target
	endpoint string
	order    []int // among the plan's pieces
	out      hold  // requests that are put together
	in       hold  // replies
	again    []int // pieces that are done again
	group    []int // those of them that are done in one call
}

// way is the lane that was chosen for commands of a kind, so that all of a burst
// go the same way.
type way struct {
	target   *Target
	shard    int
	readOnly bool
	lane     int
}

func (l *lane) free(m means) {
	l.out.free(m)
	l.in.free(m)
	l.target = nil
	if cap(l.order) > keptArgs {
		l.order, l.again, l.group = nil, nil, nil
	}
	l.order, l.again, l.group = l.order[:0], l.again[:0], l.group[:0]
}

// join puts one more piece into the lane of its shard.
func (p *plan) join(one piece, t *Target, m *Map, readOnly bool) {
	one.lane = p.laneOf(t, m, one.shard, readOnly)
	l := &p.lanes[one.lane]
	l.order = append(l.order, len(p.pieces))
	p.pieces = append(p.pieces, one)
}

// laneOf is the lane for a shard.
func (p *plan) laneOf(t *Target, m *Map, shard int, readOnly bool) int {
	for i := len(p.routes) - 1; i >= 0; i-- {
		if w := &p.routes[i]; w.shard == shard && w.readOnly == readOnly && w.target == t {
			return w.lane
		}
	}
	endpoint := t.Keys.Endpoint(m, shard, readOnly)
	at := -1
	for i := range p.lanes {
		if l := &p.lanes[i]; l.target == t && l.endpoint == endpoint {
			at = i
		}
	}
	if at < 0 {
		at = len(p.lanes)
		if at < cap(p.lanes) {
			p.lanes = p.lanes[:at+1]
		} else {
			p.lanes = append(p.lanes, lane{})
		}
		p.lanes[at].target, p.lanes[at].endpoint = t, endpoint
	}
	p.routes = append(p.routes, way{t, shard, readOnly, at})
	return at
}
