package sock

import "sync/atomic"

// MaxRoom is how many bytes of requests a process has in buffers beyond the
// pooled ones: max_connections times max_held_body would be gigabytes.
const MaxRoom = 256 << 20

// Room is what the servers of a process have for requests that fit in no pooled
// buffer: those held so that they can be sent again, mostly. Pooled buffers are
// not counted, since a request that is not held needs one, too. What becomes of
// a request that has no room is its server's to say. Safe for concurrent use;
// requests that stay within pooled buffers, which most do, do not touch it.
type Room struct {
	used atomic.Int64
	max  int64
}

// NewRoom makes a room of that many bytes; MaxRoom is what a process has.
func NewRoom(bytes int64) *Room { return &Room{max: bytes} }

// Used is how many bytes are taken.
func (r *Room) Used() int64 { return r.used.Load() }

// Take gives a buffer of at least size bytes, nil if there is no room for it.
func (r *Room) Take(bufs *Buffers, size int) []byte {
	if size <= LargeBuffer {
		return bufs.Large()
	}
	if r.used.Add(int64(size)) > r.max {
		r.used.Add(-int64(size))
		return nil
	}
	return make([]byte, size)
}

// Force gives one where there is no room, too: for what has a limit of its own
// and no other way (heads), and for what has been read already.
func (r *Room) Force(bufs *Buffers, size int) []byte {
	if size <= LargeBuffer {
		return bufs.Large()
	}
	r.used.Add(int64(size))
	return make([]byte, size)
}

// Adopt counts a buffer that has outgrown the one that it was taken as.
func (r *Room) Adopt(b []byte) {
	if cap(b) > LargeBuffer {
		r.used.Add(int64(cap(b)))
	}
}

// Give takes a buffer back, pooled or not.
func (r *Room) Give(bufs *Buffers, b []byte) {
	if cap(b) > LargeBuffer {
		r.used.Add(-int64(cap(b)))
		return
	}
	bufs.Put(b[:cap(b)])
}
