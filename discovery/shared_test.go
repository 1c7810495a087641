package discovery

import (
	"sync"
	"testing"
)

// line is a connection that counts its ends.
type line struct{ closed *int }

func (l line) Close() { *l.closed++ }

func TestAConnectionLastsFromItsFirstUserToItsLast(t *testing.T) {
	var s Shared[line]
	opened, closed := 0, 0
	open := func() line { opened++; return line{&closed} }
	s.Join("a", open)
	s.Join("a", open)
	s.Join("b", open)
	if opened != 2 {
		t.Fatalf("opened %d connections to two registries", opened)
	}
	total := 0
	s.Each(func(_ line, users int) { total += users })
	if total != 3 {
		t.Errorf("%d users, want 3", total)
	}
	s.Leave("a")
	if closed != 0 {
		t.Error("closed while somebody uses it")
	}
	s.Leave("a")
	if closed != 1 {
		t.Errorf("closed %d connections after the last user of one left", closed)
	}
	s.Join("a", open)
	if opened != 3 {
		t.Error("a closed connection was given out again")
	}
}

func TestUsersMayComeAndGoTogether(t *testing.T) {
	var s Shared[line]
	var mu sync.Mutex
	opened, closed := 0, 0
	var users sync.WaitGroup
	for range 8 {
		users.Go(func() {
			for range 100 {
				s.Join("a", func() line { mu.Lock(); opened++; mu.Unlock(); return line{new(int)} })
				s.Leave("a")
			}
		})
	}
	users.Wait()
	s.Each(func(line, int) { closed++ })
	if opened == 0 || closed != 0 {
		t.Errorf("opened %d, %d left open", opened, closed)
	}
}
