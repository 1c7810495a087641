package sock

import (
	"sync"
	"sync/atomic"
)

// The sizes of pooled buffers: a head with a small body, and a body under way
// (a read buffer under 32 KiB doubles the cost of 16 KiB answers).
const (
	SmallBuffer = 4 << 10
	LargeBuffer = 32 << 10
)

// Buffers are the pooled buffers of the data path. They are held by active
// exchanges only.
type Buffers struct {
	small, large sync.Pool
	out          atomic.Int64
}

// NewBuffers makes an empty pool.
func NewBuffers() *Buffers {
	b := &Buffers{}
	b.small.New = func() any { return new([SmallBuffer]byte) }
	b.large.New = func() any { return new([LargeBuffer]byte) }
	return b
}

// Small takes a buffer of SmallBuffer bytes.
func (b *Buffers) Small() []byte {
	b.out.Add(1)
	return b.small.Get().(*[SmallBuffer]byte)[:]
}

// Large takes a buffer of LargeBuffer bytes.
func (b *Buffers) Large() []byte {
	b.out.Add(1)
	return b.large.Get().(*[LargeBuffer]byte)[:]
}

// Put gives back a buffer of Small or Large, whole (its full capacity); other
// sizes are left to the garbage collector. The caller keeps no view of it.
func (b *Buffers) Put(p []byte) {
	switch cap(p) {
	case SmallBuffer:
		b.out.Add(-1)
		b.small.Put((*[SmallBuffer]byte)(p[:SmallBuffer]))
	case LargeBuffer:
		b.out.Add(-1)
		b.large.Put((*[LargeBuffer]byte)(p[:LargeBuffer]))
	}
}

// Out is how many buffers are taken and not yet given back; tests assert that
// it returns to zero.
func (b *Buffers) Out() int64 { return b.out.Load() }
