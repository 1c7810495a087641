package http1

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/peer"
)

// Nothing of one exchange reaches another client, however exchanges end: every
// reply is made of its request's tag, and connections are cut, stalled, timed
// out and left at random on both sides while both keep being used again.
func TestRepliesAreTheirOwnersUnderStress(t *testing.T) {
	for _, held := range []int{1000, testHeld} {
		t.Run(fmt.Sprint(held), func(t *testing.T) { stress(t, held) })
	}
}

func stress(t *testing.T, held int) {
	back := peer.Listen(t, misbehave)
	h := newHarnessWith(t, back.Addr(), held)
	h.tries, h.hold = 3, sidecar.Classes(sidecar.Unavailable)
	h.timeout, h.attempt, h.stall = 60*time.Millisecond, 25*time.Millisecond, 30*time.Millisecond
	h.set(func(s *Settings) { s.CancelOnFIN = true; s.HeaderTimeout = 100 * time.Millisecond })
	clients, rounds := 24, 15
	if testing.Short() {
		rounds = 10
	}
	var sum tally
	var work sync.WaitGroup
	for i := range clients {
		work.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(i)))
			for r := range rounds {
				if err := rampage(h.addr, fmt.Sprintf("c%03dr%03d", i, r), rng, &sum); err != nil {
					t.Error(err)
				}
			}
		})
	}
	work.Wait()
	t.Logf("%d whole replies, %d cut, %d refused; %d backend connections", sum.whole.Load(), sum.cut.Load(), sum.refused.Load(), back.Conns())
	if sum.whole.Load() == 0 || sum.cut.Load() == 0 || sum.refused.Load() == 0 {
		t.Error("not every kind of end was met")
	}
}

type tally struct{ whole, cut, refused atomic.Int64 }

// rampage is one client's connection: some exchanges, perhaps pipelined, and
// perhaps an end in the middle.
func rampage(addr, tag string, rng *rand.Rand, sum *tally) error {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(20 * time.Second))
	n := 1 + rng.IntN(6)
	var all strings.Builder
	methods := make([]string, n)
	for i := range n {
		methods[i] = wild(&all, fmt.Sprintf("%s.%d", tag, i), rng)
	}
	sent := all.String()
	leave := rng.IntN(4)
	if leave == 0 {
		sent = sent[:rng.IntN(len(sent))]
	}
	go func() {
		for _, piece := range peer.Split(sent, 1+rng.Int()%40_000) {
			io.WriteString(nc, piece)
		}
		switch {
		case leave == 0:
			nc.(*net.TCPConn).SetLinger(0)
			nc.Close()
		case leave == 1:
			nc.(*net.TCPConn).CloseWrite()
		}
	}()
	br := bufio.NewReader(nc)
	for i := range n {
		more, err := hearWild(br, fmt.Sprintf("%s.%d", tag, i), methods[i], sum)
		if !more {
			return err
		}
	}
	return nil
}

func wild(b *strings.Builder, tag string, rng *rand.Rand) (method string) {
	size := rng.IntN(3000)
	if rng.IntN(5) == 0 {
		size = rng.IntN(200_000)
	}
	body := pattern(tag, size)
	switch rng.IntN(5) {
	case 0, 1:
		fmt.Fprintf(b, "GET /%s HTTP/1.1\r\nHost: a\r\n\r\n", tag)
		return "GET"
	case 2:
		fmt.Fprintf(b, "HEAD /%s HTTP/1.1\r\nHost: a\r\n\r\n", tag)
		return "HEAD"
	case 3:
		fmt.Fprintf(b, "PUT /%s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", tag, size, body)
	default:
		fmt.Fprintf(b, "PUT /%s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%s", tag, chunked(body, 1+rng.IntN(9000)))
	}
	return "PUT"
}

// pattern is n bytes that nobody with another tag has.
func pattern(tag string, n int) string {
	return strings.Repeat("<"+tag+">", n/(len(tag)+2)+1)[:n]
}

// hearWild checks one reply; more tells whether another can follow.
func hearWild(br *bufio.Reader, tag, method string, sum *tally) (more bool, err error) {
	res, err := finalReply(br, method)
	if err != nil {
		sum.cut.Add(1)
		return false, inVain(tag, err)
	}
	defer func() { _ = res.Body.Close() }()
	body, cut := io.ReadAll(res.Body)
	if res.Header.Get("X-Sidecar-Reason") != "" {
		sum.refused.Add(1)
		return cut == nil && !res.Close, nil
	}
	if got := res.Header.Get("Tag"); got != tag {
		return false, fmt.Errorf("%s: got the reply to %q", tag, got)
	}
	if string(body) != pattern(tag, len(body)) {
		return false, fmt.Errorf("%s: got bytes of another: %.100q", tag, body)
	}
	if cut != nil {
		sum.cut.Add(1)
		return false, inVain(tag, cut)
	}
	sum.whole.Add(1)
	return !res.Close, nil
}

// finalReply passes over 1xx.
func finalReply(br *bufio.Reader, method string) (*http.Response, error) {
	for {
		res, err := http.ReadResponse(br, &http.Request{Method: method})
		if err != nil || res.StatusCode >= 200 {
			return res, err
		}
		_ = res.Body.Close()
	}
}

// inVain is the one way in which a reply may not be missed: by waiting.
func inVain(tag string, err error) error {
	var ne net.Error
	if errors.As(err, &ne) && ne.Timeout() {
		return fmt.Errorf("%s: client waited in vain", tag)
	}
	return nil
}

// misbehave is a backend that does everything wrong now and then, and the
// request's body has its tag's bytes only.
func misbehave(c *peer.Conn) {
	rng := rand.New(rand.NewPCG(2, uint64(c.Number)))
	for {
		head, ok := c.TryUntil("\r\n\r\n")
		if !ok {
			return
		}
		method, rest, _ := strings.Cut(head, " /")
		tag, _, _ := strings.Cut(rest, " ")
		early := method == "PUT" && rng.IntN(15) == 0
		if method == "PUT" && !early && !takeBody(c, head, tag) {
			return
		}
		reply := wildReply(method, tag, rng)
		if !play(c, reply, rng) || early {
			return
		}
	}
}

// takeBody reads a request's body and checks whose it is.
func takeBody(c *peer.Conn, head, tag string) bool {
	m := heard{head: head}
	if n := m.field("Content-Length"); n != "" {
		var size int
		fmt.Sscan(n, &size)
		return size == 0 || takeExact(c, tag, size)
	}
	for whole := ""; ; {
		line, ok := c.TryUntil("\r\n")
		if !ok {
			return false
		}
		var size int
		if _, err := fmt.Sscanf(line, "%x", &size); err != nil {
			c.T.Errorf("%s: chunk-size line %q", tag, line)
			return false
		}
		data, ok := "", true
		if size > 0 {
			data, ok = c.TryRead(size)
		}
		if end, all := c.TryUntil("\r\n"); !ok || !all || end != "\r\n" {
			return false
		}
		if whole += data; whole != pattern(tag, len(whole)) {
			c.T.Errorf("%s: the backend got bytes of another", tag)
			return false
		}
		if size == 0 {
			return true
		}
	}
}

func takeExact(c *peer.Conn, tag string, size int) bool {
	body, ok := c.TryRead(size)
	if body != pattern(tag, len(body)) {
		c.T.Errorf("%s: the backend got bytes of another: %.100q", tag, body)
	}
	return ok
}

func wildReply(method, tag string, rng *rand.Rand) string {
	body := pattern(tag, rng.IntN(2000))
	if rng.IntN(6) == 0 {
		body = pattern(tag, rng.IntN(150_000))
	}
	status := "200 OK"
	if rng.IntN(8) == 0 {
		status = "503 No"
	}
	head := ""
	if rng.IntN(6) == 0 {
		head = "HTTP/1.1 103 Hints\r\nTag: " + tag + "\r\n\r\n"
	}
	head += "HTTP/1.1 " + status + "\r\nTag: " + tag + "\r\n"
	switch {
	case method == "HEAD":
		return head + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body))
	case rng.IntN(2) == 0:
		return head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
	default:
		return head + "Transfer-Encoding: chunked\r\n\r\n" + chunked(body, 1+rng.IntN(5000))
	}
}

// play sends a reply, or does not; true if the connection is good for another.
func play(c *peer.Conn, reply string, rng *rand.Rand) bool {
	switch rng.IntN(16) {
	case 0: // cut in the middle
		c.TrySend(reply[:rng.IntN(len(reply))])
		c.Cut()
		return false
	case 1: // end in the middle
		c.TrySend(reply[:rng.IntN(len(reply))])
		return false
	case 2: // stand still
		c.TrySend(reply[:rng.IntN(len(reply))])
		c.Gone()
		return false
	case 3: // say more than was asked
		c.TrySend(reply + reply)
		c.Gone()
		return false
	case 4: // close once it is idle
		c.TrySend(reply)
		return false
	case 5: // in pieces
		for _, p := range peer.Split(reply, 1+rng.IntN(len(reply))) {
			if !c.TrySend(p) {
				return false
			}
		}
		return true
	}
	return c.TrySend(reply)
}
