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
