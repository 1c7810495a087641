package http

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
)

// together sends n requests at once and gives what each got, and after how
// long.
func together(s sidecar.Service, n int, r said) (all []*talk, took []time.Duration) {
	all, took = make([]*talk, n), make([]time.Duration, n)
	began := time.Now()
	var work sync.WaitGroup
	for i := range n {
		work.Go(func() {
			all[i], _ = through(s, "", r)
			took[i] = time.Since(began)
		})
	}
	work.Wait()
	return all, took
}

func TestIdenticalMissesAskOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back := &origin{reply: func(n int, _ said) said {
			return said{line: "200", fields: "Cache-Control: max-age=60", body: fmt.Sprint(n), takes: 500 * time.Millisecond}
		}}
		c := NewCache(CacheParams{}, on())
		all, _ := together(c.Layer(back), 100, said{line: "GET /"})
		for _, m := range all {
			if m.got.body != "1" {
				t.Fatalf("got %+v", m.got)
			}
		}
		if r := c.State().Requests; len(back.asked) != 1 || r["miss"] != 1 || r["coalesced"] != 99 {
			t.Errorf("the backend was asked %d times, %v", len(back.asked), r)
		}
	})
}

// Whatever becomes of the first request, nobody who waits for it hangs: they ask
// by themselves.
func TestFollowersAskThemselvesWhereTheFirstDoesNotHelp(t *testing.T) {
	const delay = 500 * time.Millisecond
	for _, c := range []struct {
		name   string
		first  said
		longer time.Duration // that the others may take
	}{
		{"it fails", said{}, time.Second + delay}, // another is waited for as long as the time allows
		{"it breaks off", said{line: "cut 200", fields: "Cache-Control: max-age=60", body: "12345"}, time.Second + delay},
		{"it must not be stored", said{line: "200", fields: "Cache-Control: no-store", body: "x"}, 2 * delay},
		{"it is too large", said{line: "200", fields: "Cache-Control: max-age=60\nContent-Length: 10000000", body: "x"}, 2 * delay},
		{"it takes too long", said{line: "200", fields: "Cache-Control: max-age=60", body: "x", takes: time.Minute}, time.Second + delay},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				back := &origin{reply: func(n int, _ said) said {
					if n > 1 {
						return said{line: "200", fields: "Cache-Control: max-age=60", body: "own", takes: delay}
					}
					r := c.first
					r.takes = max(r.takes, delay)
					return r
				}}
				cache := NewCache(CacheParams{}, on())
				all, took := together(cache.Layer(back), 20, said{line: "GET /"})
				own := 0
				for i, m := range all {
					if m.got.body == "own" {
						own++
						if took[i] > c.longer {
							t.Errorf("a follower took %v", took[i])
						}
					}
				}
				if own != 19 || len(cache.flights.all) != 0 {
					t.Errorf("%d of 19 got an answer of their own, %d flights are left", own, len(cache.flights.all))
				}
			})
		})
	}
}

func TestWhatIsSomebodysIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back := &origin{reply: func(int, said) said {
			return said{line: "200", fields: "Cache-Control: max-age=60", body: "x", takes: time.Second}
		}}
		_, took := together(NewCache(CacheParams{}, on()).Layer(back), 10, said{line: "GET /", fields: "Cookie: a"})
		for _, d := range took {
			if d != time.Second {
				t.Errorf("took %v", d)
			}
		}
		if len(back.asked) != 10 {
			t.Errorf("asked %d times", len(back.asked))
		}
	})
}

// A client that goes, or a process that ends, does not wait for somebody else's
// reply.
func TestFollowerIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back := &origin{reply: func(int, said) said {
			return said{line: "200", fields: "Cache-Control: max-age=60", body: "x", takes: time.Second}
		}}
		s := NewCache(CacheParams{}, on()).Layer(back)
		leader := make(chan bool)
		go func() {
			through(s, "", said{line: "GET /"})
			close(leader)
		}()
		synctest.Wait()
		x, m := new(sidecar.Exchange), &talk{request: said{line: "GET /"}}
		x.Begin(m, nil, sidecar.Now())
		x.RequestDone(x.Now())
		done := make(chan error)
		go func() { done <- s.Do(context.Background(), x) }()
		synctest.Wait()
		x.Interrupt(x.Gen(), sidecar.ClientGone)
		if f := sidecar.FaultOf(<-done); f == nil || f.Reason != sidecar.ClientLeft {
			t.Errorf("ended with %v", f)
		}
		<-leader
		if len(back.asked) != 1 {
			t.Errorf("asked %d times", len(back.asked))
		}
	})
}
