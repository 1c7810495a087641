package thrift

import (
	"sync"

	"sidecar/sock"
)

// means are what an end has to open and to write messages with.
type means struct {
	bufs    *sock.Buffers
	room    *sock.Room
	packing *sync.Pool // of *Packing
}

// scratch is a buffer for what cannot stay where it was read: a message written
// anew or decompressed. It is there while it is needed only.
type scratch struct{ b []byte }

// take gives an empty buffer with room for size bytes, nil if the process has no
// room for it. What it gave before is over.
func (s *scratch) take(w means, size int) []byte {
	if s.b == nil || cap(s.b) < size {
		s.give(w)
		if size <= sock.SmallBuffer {
			s.b = w.bufs.Small()
		} else {
			s.b = w.room.Take(w.bufs, size)
		}
	}
	return s.b[:0:cap(s.b)]
}

// keep makes b, which take's buffer became by appending, the one to be given
// back: it may have outgrown that.
func (s *scratch) keep(w means, b []byte) {
	if cap(b) != cap(s.b) {
		s.give(w)
		w.room.Adopt(b)
	}
	s.b = b
}

// give gives it back, if there is one.
func (s *scratch) give(w means) {
	if s.b != nil {
		w.room.Give(w.bufs, s.b)
		s.b = nil
	}
}
