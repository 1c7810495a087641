//go:build !race

package resp

import "testing"

// allocatesNothing fails the test if do allocates.
func allocatesNothing(t *testing.T, do func()) {
	t.Helper()
	do() // memory that is kept from then on
	if n := testing.AllocsPerRun(100, do); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAllocNothingReadingRequests(t *testing.T) {
	var b []byte
	for range 16 {
		b = AppendCommand(b, "SET", "key", "value")
	}
	var u Burst
	allocatesNothing(t, func() {
		if p := u.Read(b); p != nil || len(u.Commands()) != 16 {
			t.Fatal(p)
		}
		u.Next()
	})
}

func TestAllocNothingWalkingRepliesAndErrors(t *testing.T) {
	for _, c := range replies {
		b, dst := []byte(c.in), make([]byte, 0, 64)
		redirect := []byte("MOVED 3999 127.0.0.1:6381")
		allocatesNothing(t, func() {
			var w Walker
			w.Start(1 << 20)
			if _, p := w.Walk(b); p != nil {
				t.Fatal(p)
			}
			ClassOf(w.Head().Of(b))
			ParseRedirect(redirect)
			Slot(redirect)
			AppendBulk(dst, redirect)
		})
	}
}

func TestAllocNothingFindingCommandsAndKeys(t *testing.T) {
	for _, line := range keyed {
		b, args := spansOf(t, words(line)...)
		keys := make([]Span, 0, 16)
		allocatesNothing(t, func() {
			r := Of(b, args)
			r.TreatmentOf(b, args)
			if _, ok := r.AppendKeys(keys, b, args); !ok {
				t.Fatal(line)
			}
		})
	}
}

func BenchmarkLookup(b *testing.B) {
	name, sub := []byte("ZRANGEBYSCORE"), []byte("k")
	for b.Loop() {
		if Lookup(name, sub) == nil {
			b.Fatal()
		}
	}
}

func BenchmarkBurst(b *testing.B) {
	var in []byte
	for range 16 {
		in = AppendCommand(in, "GET", "key:000000000042")
	}
	var u Burst
	for b.Loop() {
		u.Read(in)
		u.Next()
	}
}

func TestAllocNothingSplittingAndJoining(t *testing.T) {
	b, args := spansOf(t, words("MGET a b c d e")...)
	r := Of(b, args)
	shardOf := byLast(2)
	replies := [][]byte{[]byte("*2\r\n$1\r\n1\r\n$-1\r\n"), []byte("*3\r\n$1\r\n2\r\n$-1\r\n$-1\r\n")}
	replies[0], replies[1] = replies[1], replies[0]
	dst := make([]byte, 0, 256)
	var s Splitter
	allocatesNothing(t, func() {
		s.Split(r, b, args, 2, shardOf)
		if _, p := s.Join(dst, RESP2, replies, FailWhole); p != nil {
			t.Fatal(p)
		}
		for h := range keyHashes {
			h.Sum(b)
		}
	})
}

func TestAllocFindingTheServerOfAKey(t *testing.T) {
	key := []byte("user:{42}:name")
	sharded, _ := NewCircleMap([]Shard{{Master: "a:1"}, {Master: "b:1"}}, Hashing{FNV1a64, '{', '}'}, []Point{{1 << 30, 0}, {1 << 31, 1}})
	for _, m := range []*Map{One(Shard{}), three(t), sharded} {
		k := NewKeyspace(KeyspaceParams{Map: m, Read: ReadAny})
		if n := testing.AllocsPerRun(100, func() {
			now := k.Map()
			k.Endpoint(now, now.ShardOf(key), true)
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}
