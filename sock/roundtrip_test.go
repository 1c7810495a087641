package sock

import (
	"errors"
	"io"
	"testing"
)

func TestRoundtripSendsBothAndTakesTheAnswer(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		text := pattern(30)
		in := make([]byte, 64)
		for i := range len(text) + 1 {
			atOnce(t, c, func() {
				receive(t, far, text)
				send(t, far, []byte{byte(i), 'k'})
			})
			wrote, n, err := c.Roundtrip(text[:i], text[i:], in)
			if wrote != len(text) || n == 0 || err != nil || in[0] != byte(i) {
				t.Fatalf("split at %d: wrote %d, read %q, %v", i, wrote, in[:n], err)
			}
			if n == 1 {
				expect(t, c, []byte("k"))
			}
		}
	})
}

// An answer together with the peer's FIN, which a server that closes after each
// reply sends.
func TestRoundtripLeavesTheEndToBeSeen(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		l := p.listen(t)
		defer l.Close()
		for range 100 {
			c, far := p.join(t, l)
			atOnce(t, c, func() {
				receive(t, far, []byte("ask"))
				send(t, far, []byte("answer"))
				far.Close()
			})
			in := make([]byte, 64)
			_, n, err := c.Roundtrip([]byte("ask"), nil, in)
			if err != nil {
				t.Fatal(err)
			}
			if rest, err := io.ReadAll(reader{c}); err != nil || string(in[:n])+string(rest) != "answer" {
				t.Fatalf("got %q and %q, %v", in[:n], rest, err)
			}
		}
	})
}

type reader struct{ c *Conn }

func (r reader) Read(p []byte) (int, error) { return r.c.Read(p) }

func TestRoundtripToldWithoutAnAnswer(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		atOnce(t, c, func() {
			receive(t, far, []byte("ask"))
			far.Close()
		})
		if wrote, n, err := c.Roundtrip([]byte("as"), []byte("k"), make([]byte, 8)); wrote != 3 || n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("wrote %d, read %d, %v; want all written and the end", wrote, n, err)
		}
	})
}

func TestRoundtripOfMoreThanFits(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		small(t, c, far)
		text := pattern(1 << 20)
		a, b := text[:1000], text[1000:]
		atOnce(t, c, func() {
			receive(t, far, text)
			send(t, far, []byte("done"))
		})
		in := make([]byte, 4)
		wrote, n, err := c.Roundtrip(a, b, in)
		if err != nil {
			t.Fatal(err)
		}
		if !p.raw {
			if wrote != len(text) || n == 0 {
				t.Fatalf("wrote %d, read %d", wrote, n)
			}
			expect(t, c, []byte("done")[n:])
			return
		}
		if wrote <= 0 || wrote >= len(text) || n != 0 {
			t.Fatalf("wrote %d of %d, read %d", wrote, len(text), n)
		}
		if m, err := c.Write(text[wrote:], nil); wrote+m != len(text) || err != nil {
			t.Fatalf("the rest: wrote %d, %v", m, err)
		}
		expect(t, c, []byte("done"))
	})
}

// With the socket's buffer full before it, Roundtrip writes nothing or little,
// and nothing is wrong.
func TestRoundtripWithAFullSocket(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		if !p.raw {
			return // waits instead
		}
		c, far := p.pair(t)
		small(t, c, far)
		text := pattern(4 << 20)
		n, err := c.TryWrite(text, nil)
		if !errors.Is(err, ErrAgain) {
			t.Fatalf("wrote %d, %v; want a full socket", n, err)
		}
		// The kernel may have made a little room meanwhile.
		wrote, got, err := c.Roundtrip(text[n:n+5], text[n+5:], make([]byte, 8))
		if wrote >= len(text)-n || got != 0 || err != nil {
			t.Errorf("wrote %d, read %d, %v", wrote, got, err)
		}
		receive(t, far, text[:n+wrote])
	})
}
