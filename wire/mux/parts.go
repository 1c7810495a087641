package mux

import (
	"time"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/patience"
)

// parts are the messages of one peer that are coming in fragments. The bytes
// that they hold together are bounded, and so is their number: each costs a
// buffer, and a peer may begin as many as it has tags.
type parts struct {
	open []part
	held int // bytes of all
	// Where the buffers come from and go to; nil: from the heap.
	bufs *sock.Buffers
	room *sock.Room
}

type part struct {
	kind kind
	tag  uint32
	body []byte
	skip bool  // it was refused: what is still coming of it is dropped
	came int64 // when its first fragment did
}

// add takes a fragment, or the frame that ends a message. whole is true when
// f.body is all of the message's: as it came if it had no fragments, else in a
// buffer that is the caller's from here. limit is the most bytes that all
// messages under way may hold. A message that goes over it is a problem once, and
// the rest of it is dropped.
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
	case i < 0:
		i = len(p.open)
		p.open = append(p.open, part{kind: f.kind, tag: f.tag, came: sidecar.Now()})
	case f.kind == rerr || f.kind == rdiscarded: // "an Rerr ends an Rdispatch sequence"
		p.drop(f.tag)
		return true, nil
	case p.open[i].kind != f.kind:
		return false, errPartKind
	}
	b := &p.open[i]
	switch {
	case b.skip:
	case p.held+len(f.body) > limit:
		bad = errFrameLarge
	case !p.extend(b, f.body):
		bad = errNoRoom
	default:
		p.held += len(f.body)
	}
	if bad != nil {
		p.held -= len(b.body)
		p.give(b.body)
		b.body, b.skip = nil, true
	}
	if f.more {
		return false, bad
	}
	f.body, f.owned = b.body, true
	p.held -= len(b.body)
	whole = !b.skip
	p.remove(i)
	return whole, bad
}

// due is when the first of the messages that are under way must be whole, as one
// in a single frame must (awaitMore); ok is false if there is none. Their peer may
// say other things meanwhile, and would hold their bytes for ever.
func (p *parts) due(silence time.Duration) (at int64, ok bool) {
	for i := range p.open {
		b := &p.open[i]
		end := b.came + patience.Held(int64(silence), len(b.body))
		if !ok || end < at {
			at, ok = end, true
		}
	}
	return at, ok
}

// extend puts more behind what there is of b; false if there is no room.
func (p *parts) extend(b *part, more []byte) bool {
	need := len(b.body) + len(more)
	if p.room == nil || need <= cap(b.body) {
		b.body = append(b.body, more...)
		return true
	}
	to := p.room.Take(p.bufs, max(need, 2*cap(b.body)))
	if to == nil {
		return false
	}
	n := copy(to, b.body)
	p.give(b.body)
	b.body = append(to[:n], more...)
	return true
}

// give gives a buffer back to where it came from.
func (p *parts) give(b []byte) {
	if p.room != nil && b != nil {
		p.room.Give(p.bufs, b)
	}
}

// forget drops all that is under way.
func (p *parts) forget() {
	for len(p.open) > 0 {
		p.drop(p.open[0].tag)
	}
}

// drop forgets what came of the message with that tag; it tells whether there
// was any.
func (p *parts) drop(tag uint32) bool {
	i := p.find(tag)
	if i < 0 {
		return false
	}
	p.held -= len(p.open[i].body)
	p.give(p.open[i].body)
	p.remove(i)
	return true
}

func (p *parts) remove(i int) {
	last := len(p.open) - 1
	p.open[i] = p.open[last]
	p.open[last] = part{}
	p.open = p.open[:last]
}

func (p *parts) find(tag uint32) int {
	for i := range p.open {
		if p.open[i].tag == tag {
			return i
		}
	}
	return -1
}
