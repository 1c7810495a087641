package resp

import "sidecar/sock"

// fit sees to room for size bytes from r on, moving in[r:w] to the front if need
// be; false if the process holds as much as it may. A buffer beyond the pooled
// ones grows with what comes: that a client says it will send much is no reason
// to keep room from others.
func (a *active) fit(size int) bool {
	if a.r+size <= len(a.in) {
		return true
	}
	if a.r > 0 {
		a.w = copy(a.in, a.in[a.r:a.w])
		a.r = 0
	}
	if size <= len(a.in) {
		return true
	}
	if size > sock.LargeBuffer {
		if len(a.in) >= sock.LargeBuffer && a.w < len(a.in) {
			return true
		}
		// No less than a quarter more, either: the next of many short arguments
		// needs a few bytes only, and each time all that has come is copied.
		size = max(min(size, max(2*len(a.in), sock.LargeBuffer)), len(a.in)+len(a.in)/4)
	}
	b := a.srv.means.room.Take(a.srv.means.bufs, size)
	if b == nil {
		return false
	}
	a.replace(b)
	return true
}

// fitMore makes room for the bytes that the burst needs, and for one at least:
// where a line is cut by the buffer's end it needs no more than has come, and a
// read into no room would bring nothing for ever.
func (a *active) fitMore() bool { return a.fit(max(a.burst.Need(), a.w-a.r+1)) }

// replace goes on in the buffer b.
func (a *active) replace(b []byte) {
	a.w = copy(b, a.in[a.r:a.w])
	a.r = 0
	a.srv.means.room.Give(a.srv.means.bufs, a.in)
	a.in = b
}

// shrink gives a buffer beyond the pooled ones back once the connection has no
// more use for it: a single large command must not cost a busy connection its
// memory for good. One whose bursts are all large keeps it.
func (a *active) shrink() {
	if cap(a.in) > sock.LargeBuffer && a.last <= sock.LargeBuffer {
		a.replace(a.srv.means.bufs.Small())
	}
}

// hold is bytes that are kept for a while, in a buffer that grows within the
// room of the process. Its zero value has none.
type hold struct{ b []byte }

// grow sees to room for n more bytes; false if the process has none.
func (h *hold) grow(m means, n int) bool {
	need := len(h.b) + n
	if need <= cap(h.b) {
		return true
	}
	var b []byte
	if need <= sock.SmallBuffer {
		b = m.bufs.Small()
	} else {
		b = m.room.Take(m.bufs, max(need, min(2*cap(h.b), need+sock.MaxRoom/16)))
	}
	if b == nil {
		return false
	}
	n = copy(b, h.b)
	h.free(m)
	h.b = b[:n]
	return true
}

// add puts p behind what is kept.
func (h *hold) add(m means, p []byte) bool {
	if !h.grow(m, len(p)) {
		return false
	}
	h.b = append(h.b, p...)
	return true
}

// took takes b, to which what is kept was appended outside. What has outgrown the
// buffer is copied into one that is counted; false if there is no room for it.
func (h *hold) took(m means, b []byte) bool {
	if len(b) <= cap(h.b) && (len(h.b) == 0 || &b[0] == &h.b[0]) && cap(b) == cap(h.b) {
		h.b = b
		return true
	}
	return h.add(m, b[len(h.b):])
}

// free gives the buffer back.
func (h *hold) free(m means) {
	if cap(h.b) > 0 {
		m.room.Give(m.bufs, h.b[:cap(h.b)])
	}
	h.b = nil
}
