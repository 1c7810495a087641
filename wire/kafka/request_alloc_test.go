//go:build !race

package kafka

import "testing"

func TestLookAtARequestAllocatesNothing(t *testing.T) {
	txn := "transaction"
	b := request(produceRequest(9, &txn, 1), "client", true)
	hiding := NewHiding(Named("admin"), false, RewriteHints)
	if n := testing.AllocsPerRun(100, func() {
		h, p := ParseHead(b, 1<<20)
		if p != nil || hiding.Refuse(h.Key, h.Version) != nil {
			t.Fatal(p)
		}
		if acks, ok := Acks(b, h.Version); !ok || acks != 1 {
			t.Fatal(acks, ok)
		}
		topics := AskedOf(b, h.Key, h.Version)
		for _, _, ok := topics.Next(); ok; _, _, ok = topics.Next() {
		}
		Of(h.Key).Treatment(h.Version)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestSplitOfARequestAllocatesNothing(t *testing.T) {
	frame, said := request(manyTopics(9), "client", false), leaderAnswer(9, 1)
	var s split
	sent, merged := make([]byte, 0, len(frame)), make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() {
		if p := s.parse(frame, 9); p != nil {
			t.Fatal(p)
		}
		lead(&s)
		sent = s.of(sent[:0], 1)
		if _, p := s.take(1, said); p != nil {
			t.Fatal(p)
		}
		s.lose(0)
		s.lose(2)
		merged = s.merge(merged[:0], 1, 0)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
