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
// holds little. It tells how many came, and the longest time between two pieces.
func slowly(nc net.Conn, n int) (r reading) {
	var piece [32 << 10]byte
	last := time.Now()
	for r.got < n {
		k, err := io.ReadFull(nc, piece[:min(n-r.got, len(piece))])
		r.got += k
		if err != nil {
			return r
		}
		wait(30 * time.Millisecond)
		now := time.Now()
		r.gap, last = max(r.gap, now.Sub(last)), now
	}
	return r
}

// reading is how a slow reader fared.
type reading struct {
	got int
	gap time.Duration
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
			// Where the machine held the reader up it was not steady.
			for try := 1; ; try++ {
				r, err := readSlowly(t, row.upload, row.splicing)
				switch {
				case err == nil && r.got == slowSize:
					return
				case try == 5 || r.gap < slowStall/3:
					t.Fatalf("%v, %d bytes of %d came, at most %v apart", err, r.got, slowSize, r.gap)
				}
			}
		})
	}
}

const slowSize, slowStall, slowBuffer = 6 << 20, time.Second, 256 << 10

// readSlowly has one body pass to a slow reader.
func readSlowly(t *testing.T, upload, splicing bool) (reading, error) {
	arrived := make(chan reading, 1)
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		if !upload {
			c.Until("\r\n\r\n")
			c.Send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", slowSize))
			flood(c.NC, nil, slowSize)
			c.Gone()
			return
		}
		c.NC.(*net.TCPConn).SetReadBuffer(slowBuffer)
		skipHead(c.NC)
		arrived <- slowly(c.NC, slowSize)
		c.TrySend(ok200)
		c.Gone()
	}).Addr())
	if !splicing {
		h.pipes.Close()
	}
	h.stall = slowStall
	over := make(chan error, 1)
	h.seen = func(_ *sidecar.Exchange, err error) { over <- err }
	c := h.client(t)
	c.NC.(*net.TCPConn).SetReadBuffer(slowBuffer)
	if upload {
		c.Send(fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", slowSize))
		go flood(c.NC, nil, slowSize)
	} else {
		c.Send(get("/"))
		skipHead(c.NC)
		arrived <- slowly(c.NC, slowSize)
	}
	// A reader that was cut off tells so at once.
	err := <-over
	return <-arrived, err
}
