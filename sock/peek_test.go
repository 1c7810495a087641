package sock

import (
	"io"
	"testing"
)

func TestPeekTakesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		buf := make([]byte, 8)
		ahead := func(have int, want string) {
			t.Helper()
			n, err := c.Peek(buf, have)
			if err != nil || string(buf[:n]) != want {
				t.Fatalf("peeked %q, %v; want %q", buf[:n], err, want)
			}
		}
		send(t, far, []byte("he"))
		ahead(0, "he")
		ahead(0, "he")
		atOnce(t, c, func() {
			untilWaiting("Peek")
			send(t, far, []byte("llo"))
		})
		ahead(2, "hello")
		send(t, far, []byte(" world"))
		for n := 5; n < len(buf); { // the rest may come in pieces
			var err error
			if n, err = c.Peek(buf, n); err != nil {
				t.Fatal(err)
			}
		}
		ahead(0, "hello wo")
		expect(t, c, []byte("hello world"))
		halfClose(t, far)
		if n, err := c.Peek(buf, 0); n != 0 || err != io.EOF {
			t.Fatalf("peeked %d, %v; want the end", n, err)
		}
	})
}

func TestWakeReadEndsTheReadersWaitAlone(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		atOnce(t, c, func() {
			untilWaiting("Peek")
			c.WakeRead()
		})
		if _, err := c.Peek(make([]byte, 8), 0); err == nil {
			t.Fatal("not woken")
		}
		if _, err := c.Write([]byte("still"), nil); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 5)
		if _, err := io.ReadFull(far, buf); err != nil || string(buf) != "still" {
			t.Fatalf("written %q, %v", buf, err)
		}
		c.RearmRead()
		send(t, far, []byte("more"))
		expect(t, c, []byte("more"))
	})
}
