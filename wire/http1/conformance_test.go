package http1

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"sidecar/internal/peer"
)

// turn is one exchange: the bytes of both ends, as sent and as they must
// arrive. Both peers make it from its numbers.
type turn struct {
	sent, arrived   string // the request
	replied, gotten string // the reply
}

// fill is what bodies are cut from.
type fill string

func (f fill) body(rng *rand.Rand) string {
	n := rng.IntN(300)
	switch rng.IntN(40) {
	case 0:
		n = rng.IntN(70_000)
		if rng.IntN(20) == 0 { // long enough to be spliced
			n = 70_000 + rng.IntN(100_000)
		}
	case 1, 2, 3:
		n = 4096 - rng.IntN(300) // with its head, about a buffer
	case 4, 5:
		n = rng.IntN(9000)
	}
	at := rng.IntN(len(f) - n)
	return string(f[at : at+n])
}

func (f fill) turn(client, number int) turn {
	rng := rand.New(rand.NewPCG(uint64(client), uint64(number)))
	method := []string{"GET", "GET", "GET", "POST", "PUT", "HEAD", "x-Odd"}[rng.IntN(7)]
	line := fmt.Sprintf("%s /%d/%d?q=%%20&%d HTTP/1.1\r\n", method, client, number, rng.Int())
	kept := "hOst:  here:80\t\r\n"
	hop := ""
	if rng.IntN(4) == 0 {
		kept += strings.Repeat("X-Many: \xff\x80, ;\"\r\n", rng.IntN(30))
	}
	kept += fmt.Sprintf("x-request-id: %d\r\n", rng.Int())
	if rng.IntN(4) == 0 {
		hop = "Connection: keep-alive, X-Hop\r\nX-HOP: gone\r\nKeep-Alive: 9\r\n"
	}
	body := ""
	if method == "POST" || method == "PUT" {
		body = f.body(rng)
		if rng.IntN(2) == 0 {
			kept += "Transfer-Encoding: chunked\r\n"
			body = decorated(body, rng)
		} else {
			kept += fmt.Sprintf("Content-Length: %d\r\n", len(body))
		}
	}
	t := turn{
		sent:    line + hop + kept + "\r\n" + body,
		arrived: line + kept + "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: here:80\r\nVia: 1.1 sidecar\r\n\r\n" + body,
	}
	t.reply(f, rng, method, fmt.Sprintf("X-Turn: %d.%d\r\nDate: x\r\nset-cookie:a\r\nSet-Cookie:  b \r\n", client, number))
	return t
}

func (t *turn) reply(f fill, rng *rand.Rand, method, fields string) {
	informal, body := "", f.body(rng)
	if rng.IntN(10) == 0 {
		informal = "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"
	}
	status := "200 OK"
	switch n := rng.IntN(10); {
	case n == 0:
		status, body = "204 No Content", ""
	case n == 1:
		status, body = "304 Not Modified", ""
		fields += "Content-Length: 77\r\n"
	case n < 6:
		fields += "TRANSFER-encoding: Chunked\r\n"
		body = decorated(body, rng)
	default:
		fields += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	if method == "HEAD" {
		body = ""
	}
	head := "HTTP/1.1 " + status + "\r\n" + fields
	t.replied = informal + head + "Keep-Alive: 1\r\n\r\n" + body
	t.gotten = informal + head + "Via: 1.1 sidecar\r\n\r\n" + body
}

// decorated is body in chunks with whatever may stand around them.
func decorated(body string, rng *rand.Rand) string {
	var b strings.Builder
	for body != "" {
		n := min(1+rng.IntN(5000), len(body))
		ext := []string{"", "", ";a", ";a=\"b;c\""}[rng.IntN(4)]
		fmt.Fprintf(&b, []string{"%x", "%X", "00%x"}[rng.IntN(3)]+"%s\r\n%s\r\n", n, ext, body[:n])
		body = body[n:]
	}
	b.WriteString("0\r\n")
	if rng.IntN(3) == 0 {
		b.WriteString("Sum: 1\r\nsum:2 \r\n")
	}
	b.WriteString("\r\n")
	return b.String()
}

// Every byte that one side sends arrives at the other, once and in its place,
// but for the documented changes of heads: over many exchanges of all sizes,
// chunked and not, pipelined and not, over several connections. 50,000 of
// them, a million in the long run.
func TestConformanceEveryByteArrives(t *testing.T) {
	total := 50_000
	switch {
	case os.Getenv("SIDECAR_CONFORMANCE") == "1":
		total = 1_000_000
	case testing.Short():
		total = 5_000
	}
	conform(t, total, false)
}

// The same over connections that are not raw sockets.
func TestEveryByteArrivesOverPlainConnections(t *testing.T) { conform(t, 4000, true) }

func conform(t *testing.T, total int, plain bool) {
	const clients = 8
	f := fill(text(200_000))
	var seen [clients]atomic.Int64
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		for f.answer(c, seen[:]) {
		}
	}).Addr())
	h.plain.Store(plain)
	var work sync.WaitGroup
	for i := range clients {
		work.Go(func() { f.ask(t, h, i, total/clients) })
	}
	work.Wait()
	for i := range clients {
		if n := seen[i].Load(); n != int64(total/clients) {
			t.Errorf("client %d sent %d requests, the backend got %d", i, total/clients, n)
		}
	}
	if len(h.faults) != 0 {
		t.Errorf("%d tries failed: %v", len(h.faults), h.faults[0])
	}
	t.Logf("%d exchanges over %d backend connections", total, h.dials)
}

// answer is the backend's part of one exchange; each client's come in order.
func (f fill) answer(c *peer.Conn, seen []atomic.Int64) bool {
	// Idle: fewer clients are busy towards the end, and leave connections over.
	head, ok := "", c.Idle()
	if ok {
		head, ok = c.TryUntil("\r\n\r\n")
	}
	if !ok {
		return false
	}
	var method string
	var client, number int
	if _, err := fmt.Sscanf(strings.Replace(head[:min(60, len(head))], "/", " ", 2), "%s %d %d", &method, &client, &number); err != nil {
		c.T.Errorf("the backend got %q", head)
		return false
	}
	t := f.turn(client, number)
	if !strings.HasPrefix(t.arrived, head) {
		c.T.Errorf("the backend got\n%q, want\n%.900q", head, t.arrived)
		return false
	}
	c.Expect(t.arrived[len(head):])
	if n := seen[client].Add(1); n != int64(number)+1 {
		c.T.Errorf("client %d: request %d came as the %d", client, number, n)
	}
	pieces := 1
	if number%5 == 0 {
		pieces = 3
	}
	c.Send(peer.Split(t.replied, max(1, len(t.replied)/pieces))...)
	return true
}

// ask is a client: even ones send ahead, and every so often it comes anew.
func (f fill) ask(t *testing.T, h *harness, client, total int) {
	ahead := 1
	if client%2 == 0 {
		ahead = 16
	}
	const perConn = 1000
	for from := 0; from < total; from += perConn {
		to := min(from+perConn, total)
		nc := peer.Dial(t, h.addr)
		slots, stop := make(chan struct{}, ahead), make(chan struct{})
		var sender sync.WaitGroup
		sender.Go(func() {
			for n := from; n < to; n++ {
				select {
				case slots <- struct{}{}:
				case <-stop:
					return
				}
				s := f.turn(client, n).sent
				if !nc.TrySend(s) {
					return
				}
			}
		})
		ok := true
		for n := from; n < to && ok; n++ {
			want := f.turn(client, n).gotten
			got, whole := nc.TryRead(len(want))
			if ok = whole && got == want; !ok {
				t.Errorf("client %d, exchange %d: got\n%.900q, want\n%.900q", client, n, got, want)
			}
			<-slots
		}
		if !ok {
			nc.Close()
			close(stop)
		}
		sender.Wait()
		nc.Close()
		if !ok {
			return
		}
	}
}
