package sock

import (
	"sync"
	"testing"
)

func TestBuffersComeBack(t *testing.T) {
	b := NewBuffers()
	var taken [][]byte
	for range 3 {
		taken = append(taken, b.Small(), b.Large())
	}
	for i, p := range taken {
		want := SmallBuffer
		if i%2 == 1 {
			want = LargeBuffer
		}
		if len(p) != want || cap(p) != want {
			t.Errorf("buffer %d has %d of %d bytes, want %d", i, len(p), cap(p), want)
		}
	}
	if b.Out() != 6 {
		t.Errorf("%d are out, want 6", b.Out())
	}
	for _, p := range taken {
		b.Put(p[:7]) // of its full capacity, whatever the length
	}
	if b.Out() != 0 {
		t.Errorf("%d are out, want none", b.Out())
	}
}

func TestForeignBuffersAreLeftAlone(t *testing.T) {
	b := NewBuffers()
	p := b.Small()
	for _, foreign := range [][]byte{nil, {}, make([]byte, 100), make([]byte, SmallBuffer+1), make([]byte, 16, LargeBuffer-1), p[1:]} {
		b.Put(foreign)
	}
	if b.Out() != 1 {
		t.Errorf("%d are out, want 1", b.Out())
	}
	b.Put(p)
	if b.Out() != 0 {
		t.Errorf("%d are out, want none", b.Out())
	}
}

// No two holders may have the same buffer.
func TestBuffersAreHeldByOne(t *testing.T) {
	b := NewBuffers()
	var wg sync.WaitGroup
	for g := range byte(4) {
		wg.Go(func() {
			for range 500 {
				p, q := b.Small(), b.Large()
				p[0], q[0], q[LargeBuffer-1] = g, g, g
				if p[0] != g || q[0] != g || q[LargeBuffer-1] != g {
					t.Error("another holder wrote")
				}
				b.Put(p)
				b.Put(q)
			}
		})
	}
	wg.Wait()
	if b.Out() != 0 {
		t.Errorf("%d are out, want none", b.Out())
	}
}
