package main

import (
	"bufio"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// stalling serves answers of 2 bytes one at a time, whatever the connection,
// each after the delay that it has for the i-th request.
func stalling(t *testing.T, delay func(i int) time.Duration) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	turn := make(chan int, 1)
	turn <- 0
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				in := bufio.NewReader(c)
				for {
					if _, err := http.ReadRequest(in); err != nil {
						return
					}
					i := <-turn
					time.Sleep(delay(i))
					_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
					turn <- i + 1
				}
			}()
		}
	}()
	return ln.Addr().String()
}

// One stall of 300 ms at 1,000 requests a second holds up all that were due in
// it. A generator that waits for its answers would see four late ones, one a
// connection. A slow machine makes more of them late, never fewer.
func TestAStallDelaysAllThatWereDueInIt(t *testing.T) {
	address := stalling(t, func(i int) time.Duration {
		if i == 100 {
			return 300 * time.Millisecond
		}
		return 0
	})
	got, err := pace(errand{Address: address, Path: "/", Body: 2, Conns: 4, Rate: 1000, Length: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1000 {
		t.Errorf("%d requests were sent, want 1,000", len(got))
	}
	late := 0
	for _, d := range got {
		if d >= 100*time.Millisecond {
			late++
		}
	}
	// Those due in the first 200 ms of the stall.
	if late < 190 {
		t.Errorf("%d requests were 100 ms late, want about 200", late)
	}
}

// At twice the rate that a server can do, the last request waits half of the
// time for which requests were sent.
func TestAServerTooSlowForTheRateShowsItsQueue(t *testing.T) {
	address := stalling(t, func(int) time.Duration { return 10 * time.Millisecond })
	got, err := pace(errand{Address: address, Path: "/", Body: 2, Conns: 2, Rate: 200, Length: 500 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if last := got[len(got)-1]; last < 490*time.Millisecond {
		t.Errorf("the last of %d requests took %v, want 500ms of queue", len(got), last)
	}
}

func TestPaceRefusesWrongAnswers(t *testing.T) {
	address := stalling(t, func(int) time.Duration { return 0 })
	_, err := pace(errand{Address: address, Path: "/", Body: 3, Conns: 1, Rate: 100, Length: time.Second})
	if err == nil || !strings.Contains(err.Error(), "answer of 2 bytes, want 3") {
		t.Errorf("got %v", err)
	}
}

func TestAnsweredWaitsForTheWholeAnswer(t *testing.T) {
	const good = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
	for i := range len(good) {
		if whole, err := answered([]byte(good[:i]), 2); whole || err != nil {
			t.Errorf("%d bytes: got %v, %v", i, whole, err)
		}
	}
	for _, c := range []struct {
		name, text string
		whole, ok  bool
	}{
		{"whole", good, true, true},
		{"more than asked for", good + "x", false, false},
		{"another status", "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nok", false, false},
		{"another length", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nk", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if whole, err := answered([]byte(c.text), 2); whole != c.whole || (err == nil) != c.ok {
				t.Errorf("got %v, %v", whole, err)
			}
		})
	}
}

func TestQuantileIsTheNearestRank(t *testing.T) {
	xs := make([]time.Duration, 1000)
	for i := range xs {
		xs[i] = time.Duration(i + 1)
	}
	for q, want := range map[float64]time.Duration{0.5: 500, 0.99: 990, 0.999: 999, 1: 1000, 0: 1} {
		if got := quantile(xs, q); got != want {
			t.Errorf("%v: got %d, want %d", q, got, want)
		}
	}
}
