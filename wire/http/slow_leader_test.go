package http

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
)

// A client that says how long it waits does not wait longer for another's reply.
func TestFollowerWaitsNoLongerThanItsClient(t *testing.T) {
	for _, asked := range []time.Duration{50 * time.Millisecond, time.Nanosecond} {
		synctest.Test(t, func(t *testing.T) {
			back := &origin{reply: func(n int, _ said) said {
				r := said{line: "200", fields: "Cache-Control: max-age=60", body: fmt.Sprint(n)}
				if n == 1 {
					r.takes = 10 * time.Second
				}
				return r
			}}
			s := NewCache(CacheParams{}, on()).Layer(back)
			leader := make(chan bool)
			go func() {
				through(s, "", said{line: "GET /"})
				close(leader)
			}()
			synctest.Wait()
			x, m := new(sidecar.Exchange), &talk{request: said{line: "GET /"}}
			x.Begin(m, &alarms{x: x}, sidecar.Now())
			x.Asked = int64(asked)
			x.RequestDone(x.Now())
			began := time.Now()
			if err := s.Do(t.Context(), x); err != nil || m.got.body != "2" || time.Since(began) > asked {
				t.Errorf("%v and %q after %v, the client waits %v", err, m.got.body, time.Since(began), asked)
			}
			x.End()
			<-leader
		})
	}
}

// A leader that fails does not send all others to the backend at once: one of
// them asks again. Where that goes on they ask by themselves.
func TestOneFollowerTakesTheLeadersPlace(t *testing.T) {
	for _, c := range []struct {
		name       string
		fails      int // of the first replies
		reply      said
		asked, own int
	}{
		{"the first fails", 1, said{}, 2, 0},
		{"the first breaks off", 1, said{line: "cut 200", fields: "Cache-Control: max-age=60", body: "12345"}, 2, 0},
		{"three fail", 3, said{}, 3 + 97, 97},
		{"the first is a failure that goes out", 1, said{line: "503"}, 1 + 99, 99},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				back := &origin{reply: func(n int, _ said) said {
					r := said{line: "200", fields: "Cache-Control: max-age=60", body: "whole"}
					if n <= c.fails {
						r = c.reply
					}
					r.takes = 100 * time.Millisecond
					return r
				}}
				cache := NewCache(CacheParams{}, on())
				all, _ := together(cache.Layer(back), 100, said{line: "GET /"})
				whole := 0
				for _, m := range all {
					if m.got.body == "whole" {
						whole++
					}
				}
				if s := cache.State().Requests; len(back.asked) != c.asked || whole != 100-c.fails || len(cache.flights.all) != 0 || s["coalesced"] != uint64(100-c.fails-max(1, c.own)) {
					t.Errorf("asked %d times, %d have the reply, %v, %d flights left", len(back.asked), whole, s, len(cache.flights.all))
				}
			})
		})
	}
}

// Who could not wait any longer for a reply that a client takes slowly keeps
// those who come later from waiting for it, too.
func TestSlowLeaderIsWaitedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back := &origin{reply: func(n int, _ said) said {
			r := said{line: "200", fields: "Cache-Control: max-age=60", body: fmt.Sprint(n)}
			if n == 1 {
				r.takes = time.Hour
			} else {
				r.takes = 500 * time.Millisecond
			}
			return r
		}}
		c := NewCache(CacheParams{}, on())
		s := c.Layer(back)
		leader := make(chan bool)
		go func() {
			through(s, "", said{line: "GET /"})
			close(leader)
		}()
		synctest.Wait()
		first := make(chan bool)
		go func() { // waits for a second, then asks
			through(s, "", said{line: "GET /"})
			close(first)
		}()
		time.Sleep(1100 * time.Millisecond)
		all, took := together(s, 10, said{line: "GET /"})
		for i, m := range all {
			if took[i] > 500*time.Millisecond || m.got.body != all[0].got.body {
				t.Errorf("got %q after %v", m.got.body, took[i])
			}
		}
		<-first
		<-leader
		if n := len(back.asked); n != 3 || len(c.flights.all) != 0 {
			t.Errorf("asked %d times, %d flights left", n, len(c.flights.all))
		}
	})
}
