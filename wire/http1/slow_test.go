package http1

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/peer"
)

// slowly reads n bytes at a steady pace of some 1 MB/s, through a buffer that
// holds little. It tells how many came.
func slowly(nc net.Conn, n int) (got int) {
	var piece [32 << 10]byte
	for got < n {
		k, err := io.ReadFull(nc, piece[:min(n-got, len(piece))])
		got += k
		if err != nil {
			return got
		}
		wait(30 * time.Millisecond)
	}
	return got
}

// skipHead reads a head and none of what is behind it.
func skipHead(nc net.Conn) {
	var last [1]byte
	for ends := 0; ends < 4; {
		if _, err := io.ReadFull(nc, last[:]); err != nil {
			return
		}
		if last[0] == "\r\n"[ends%2] {
			ends++
		} else {
			ends = 0
		}
	}
}

// A peer that reads steadily is never stalled, however slowly: between two
// pieces it takes less than the stall timeout, and a third of what a socket
// takes by itself would take it longer.
func TestSteadySlowReaderIsNoStall(t *testing.T) {
	const size, stall, little = 6 << 20, time.Second, 256 << 10
	for _, row := range []struct {
		name             string
		upload, splicing bool
	}{
		{"download, spliced", false, true},
		{"download, copied", false, false},
		{"upload, spliced", true, true},
		{"upload, copied", true, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel() // they wait most of the time
			arrived := make(chan int, 1)
			h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
				if !row.upload {
					c.Until("\r\n\r\n")
					c.Send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size))
					flood(c.NC, nil, size)
					c.Gone()
					return
				}
				c.NC.(*net.TCPConn).SetReadBuffer(little)
				skipHead(c.NC)
				arrived <- slowly(c.NC, size)
				c.TrySend(ok200)
				c.Gone()
			}).Addr())
			if !row.splicing {
				h.pipes.Close()
			}
			h.stall = stall
			over := make(chan error, 1)
			h.seen = func(_ *sidecar.Exchange, err error) { over <- err }
			c := h.client(t)
			c.NC.(*net.TCPConn).SetReadBuffer(little)
			if row.upload {
				c.Send(fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", size))
				go flood(c.NC, nil, size)
			} else {
				c.Send(get("/"))
				skipHead(c.NC)
				arrived <- slowly(c.NC, size)
			}
			if err := <-over; err != nil {
				t.Error(err)
			}
			if got := <-arrived; got != size {
				t.Errorf("%d bytes of %d came", got, size)
			}
		})
	}
}
