package http1

import (
	"sync/atomic"

	"sidecar/sock"
	"sidecar/varz"
)

// Room is what the servers of a process have for requests that fit in no pooled
// buffer: bodies held so that they can be sent again, mostly. Pooled buffers
// are not counted, since a request that is not held needs one, too. Over the
// bound a body is streamed: it is not refused, but cannot be sent again for as
// long. Safe for concurrent use; requests that stay within pooled buffers, which
// most do, do not touch it.
type Room struct {
	used atomic.Int64
	max  int64
}

// NewRoom makes the room of a process; the registry tells how much is used.
func NewRoom(r *varz.Registry) *Room {
	room := &Room{max: maxRoom}
	r.GaugeFunc(varz.HeldBytes, varz.Source{}, func() float64 { return float64(room.used.Load()) })
	return room
}

// take gives a buffer of at least size bytes for a body, nil if there is no
// room for it.
func (r *Room) take(bufs *sock.Buffers, size int) []byte {
	if size <= sock.LargeBuffer {
		return bufs.Large()
	}
	if r.used.Add(int64(size)) > r.max {
		r.used.Add(-int64(size))
		return nil
	}
	return make([]byte, size)
}

// force gives one where there is no room, too: for heads, which have a limit of
// their own and no other way, and for what has been read already.
func (r *Room) force(bufs *sock.Buffers, size int) []byte {
	if size <= sock.LargeBuffer {
		return bufs.Large()
	}
	r.used.Add(int64(size))
	return make([]byte, size)
}

// give takes a buffer back, pooled or not.
func (r *Room) give(bufs *sock.Buffers, b []byte) {
	if cap(b) > sock.LargeBuffer {
		r.used.Add(-int64(cap(b)))
		return
	}
	bufs.Put(b[:cap(b)])
}
