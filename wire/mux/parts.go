package mux

// parts are the messages of one peer that are coming in fragments. The bytes
// that they hold together are bounded, and so is their number: each costs a
// buffer, and a peer may begin as many as it has tags.
type parts struct {
	open []part
	held int // bytes of all
}

type part struct {
	kind kind
	tag  uint32
	body []byte
}

// add takes a fragment, or the frame that ends a message. whole is true when
// f.body is all of the message's: as it came if it had no fragments, else in a
// buffer that is the caller's from here. limit is the most bytes that all
// messages under way may hold.
func (p *parts) add(f *frame, limit int) (whole bool, bad *problem) {
	if len(p.open) == 0 && !f.more {
		return true, nil
	}
	i := p.find(f.tag)
	switch {
	case i < 0 && !f.more:
		return true, nil
	case i < 0 && len(p.open) == maxParts:
		return false, errManyParts
	case p.held+len(f.body) > limit:
		return false, errFrameLarge
	case i < 0:
		i = len(p.open)
		p.open = append(p.open, part{kind: f.kind, tag: f.tag})
	case f.kind == rerr || f.kind == rdiscarded: // "an Rerr ends an Rdispatch sequence"
		p.drop(f.tag)
		return true, nil
	case p.open[i].kind != f.kind:
		return false, errPartKind
	}
	b := &p.open[i]
	b.body = append(b.body, f.body...)
	p.held += len(f.body)
	if f.more {
		return false, nil
	}
	f.body = b.body
	p.drop(f.tag)
	return true, nil
}

// drop forgets what came of the message with that tag; it tells whether there
// was any.
func (p *parts) drop(tag uint32) bool {
	i := p.find(tag)
	if i < 0 {
		return false
	}
	p.held -= len(p.open[i].body)
	last := len(p.open) - 1
	p.open[i] = p.open[last]
	p.open[last] = part{}
	p.open = p.open[:last]
	return true
}

func (p *parts) find(tag uint32) int {
	for i := range p.open {
		if p.open[i].tag == tag {
			return i
		}
	}
	return -1
}
