package main

import (
	"strings"
	"testing"
	"time"
)

const wrkOutput = `Running 1s test @ http://127.0.0.1:8080/100
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.03ms  742.11us  11.94ms   89.42%
    Req/Sec    62.11k     3.02k   66.57k    70.00%
  Latency Distribution
     50%  890.00us
     75%    1.19ms
     90%    1.75ms
     99%    4.68ms
  62137 requests in 1.00s, 14.16MB read
Requests/sec:  61993.25
Transfer/sec:     14.13MB
`

func TestWrkOutputIsRead(t *testing.T) {
	got, err := parseWrk(wrkOutput)
	want := load{requests: 62137, rps: 61993.25, p50: 890 * time.Microsecond, p99: 4680 * time.Microsecond}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestWrkOutputWithoutGoodFiguresIsRefused(t *testing.T) {
	after := func(lines string) string {
		return strings.Replace(wrkOutput, "Requests/sec", lines+"\nRequests/sec", 1)
	}
	for _, c := range []struct{ name, out, want string }{
		{"other statuses", after("  Non-2xx or 3xx responses: 12"), "Non-2xx or 3xx responses: 12"},
		{"broken connections", after("  Socket errors: connect 0, read 3, write 0, timeout 0"), "read 3"},
		{"nothing done", strings.Replace(wrkOutput, "62137 requests", "0 requests", 1), "no request"},
		{"no distribution", strings.Replace(wrkOutput, "99%", "98%", 1), "not understood"},
		{"empty", "", "not understood"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := parseWrk(c.out); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}
