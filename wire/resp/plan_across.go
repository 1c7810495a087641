package resp

// region is the places of one upstream among those of several.
type region struct {
	target *Target
	m      *Map
	base   int // its first
}

// across plans a command that can be split over the upstreams that have its keys,
// where routes go by them; false if some key has none.
func (a *active) across(set *Settings, d *deed, i int) bool {
	p, b := &a.plan, a.bytes()
	args := a.args(i)
	clear(p.regions)
	p.regions = p.regions[:0]
	total := 0
	for k := 1; k < len(args); k += d.row.Keys.Step {
		t := set.Route(d.row, args[k].Of(b), a.cl.ip)
		if t == nil {
			return false
		}
		if p.regionOf(t) == nil {
			m := t.Keys.Map()
			p.regions = append(p.regions, region{t, m, total})
			total += m.places()
		}
	}
	s := p.splitter()
	number := len(p.splits) - 1
	find := func(key []byte) int { // several upstreams in one command are rare enough to allocate this
		r := p.regionOf(set.Route(d.row, key, a.cl.ip))
		if r == nil { // the routes have changed since the look above
			r = &p.regions[0]
		}
		return r.base + r.m.locate(key)
	}
	if !s.Split(d.row, b, args, total, find) {
		p.splits = p.splits[:number]
		return false
	}
	d.kind, d.split = asSplit, number
	for k := range s.parts {
		part := &s.parts[k]
		r := p.regionAt(part.Shard)
		place := part.Shard - r.base
		p.join(piece{row: d.row, from: fromSplit, split: number, at: part.Span, place: place, shard: r.m.shardAt(place)}, r.target, r.m, readable(d.row))
	}
	return true
}

// regionOf is an upstream's region, nil without one.
func (p *plan) regionOf(t *Target) *region {
	for i := range p.regions {
		if p.regions[i].target == t {
			return &p.regions[i]
		}
	}
	return nil
}

// regionAt is the one that has a place.
func (p *plan) regionAt(place int) *region {
	at := 0
	for i := range p.regions {
		if p.regions[i].base <= place {
			at = i
		}
	}
	return &p.regions[at]
}
