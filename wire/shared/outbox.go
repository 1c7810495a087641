package shared

// outbox is what is to be written, with the connection's lock held: what is
// being written, and behind it what came meanwhile. Offsets are of the stream.
type outbox struct {
	taken   []byte // being written, from off on
	pending []byte
	off     int
	start   int64 // offset of taken[0]
	// busy: somebody writes, or the writer is to go on; left is the latter.
	busy, left bool
	// gathering: somebody has put bytes and writes them in a moment.
	gathering bool
	waiting   []*Slot // callers that wait for room
}

// size is how many bytes are not written yet.
func (o *outbox) size() int { return len(o.taken) - o.off + len(o.pending) }

// written is the offset up to which bytes have gone into the socket.
func (o *outbox) written() int64 { return o.start + int64(o.off) }

// end is the offset of the next byte to be put.
func (o *outbox) end() int64 { return o.start + int64(len(o.taken)+len(o.pending)) }

func (o *outbox) put(head, body []byte) {
	o.pending = append(append(o.pending, head...), body...)
}

// next is what is to be written now; empty if nothing is.
func (o *outbox) next() []byte {
	if o.off == len(o.taken) {
		o.start += int64(len(o.taken))
		o.taken, o.pending, o.off = o.pending, o.taken[:0], 0
		if cap(o.pending) > keepBuffer {
			o.pending = nil
		}
	}
	return o.taken[o.off:]
}

// cut takes bytes out that nobody has begun to write; false if somebody has.
func (o *outbox) cut(at, end int64) bool {
	first := o.start + int64(len(o.taken)) // of pending
	if at < first {
		return false
	}
	o.pending = append(o.pending[:at-first], o.pending[end-first:]...)
	return true
}
