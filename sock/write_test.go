package sock

import (
	"errors"
	"io"
	"net"
	"testing"
)

func TestWriteInTwoPartsOverEverySplit(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		text := pattern(40)
		for i := range len(text) + 1 {
			if n, err := c.Write(text[:i], text[i:]); n != len(text) || err != nil {
				t.Fatalf("split at %d: wrote %d, %v", i, n, err)
			}
			receive(t, far, text)
			if !p.raw {
				continue
			}
			if n, err := c.TryWrite(text[:i], text[i:]); n != len(text) || err != nil {
				t.Fatalf("split at %d: tried %d, %v", i, n, err)
			}
			receive(t, far, text)
		}
	})
}

// One call moves at most maxCall bytes: the seams must not lose any.
func TestWriteAroundTheLongestCall(t *testing.T) {
	sizes := []int{0, 1, maxCall - 1, maxCall, maxCall + 1, 2*maxCall + 1}
	onEach(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		text := pattern(5 * maxCall)
		for _, a := range sizes {
			for _, b := range sizes {
				done := make(chan struct{})
				go func() {
					defer close(done)
					if n, err := c.Write(text[:a], text[a:a+b]); n != a+b || err != nil {
						t.Errorf("%d and %d: wrote %d, %v", a, b, n, err)
					}
				}()
				receive(t, far, text[:a+b])
				<-done
			}
		}
	})
}

func TestWriteOfMoreThanFits(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		small(t, c, far)
		text := pattern(1 << 20)
		atOnce(t, c, func() {
			if n, err := c.Write(text[:300_001], text[300_001:]); n != len(text) || err != nil {
				t.Errorf("wrote %d, %v", n, err)
			}
			halfClose(t, c)
		})
		untilWaiting("Write")
		for at, step := 0, 1; at < len(text); step = step*3%8191 + 1 {
			n := min(step, len(text)-at)
			receive(t, far, text[at:at+n])
			at += n
		}
		if n, err := far.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("peer reads %d, %v after the last byte", n, err)
		}
	})
}

func TestTryWriteCountsWhatTheSocketTook(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		small(t, c, far)
		text := pattern(1 << 20)
		if !p.raw {
			if n, err := c.TryWrite(text, nil); n != 0 || !errors.Is(err, ErrAgain) {
				t.Errorf("where it cannot know: %d, %v", n, err)
			}
			return
		}
		took, full := 0, 0
		for took < len(text) {
			half := took + (len(text)-took)/2
			n, err := c.TryWrite(text[took:half], text[half:])
			if (err == nil) != (took+n == len(text)) || err != nil && !errors.Is(err, ErrAgain) {
				t.Fatalf("took %d of %d with %v", n, len(text)-took, err)
			}
			if n == 0 && took == 0 {
				t.Fatal("took nothing at all")
			}
			if errors.Is(err, ErrAgain) {
				full++
			}
			receive(t, far, text[took:took+n])
			took += n
		}
		if full == 0 {
			t.Error("the socket was never full")
		}
	})
}

func TestHalfCloseLeavesReadingOpen(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		if _, err := c.Write([]byte("ask"), nil); err != nil {
			t.Fatal(err)
		}
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(far)
		if string(all) != "ask" || err != nil {
			t.Fatalf("peer got %q, %v", all, err)
		}
		send(t, far, []byte("answer"))
		expect(t, c, []byte("answer"))
		if _, err := c.Write([]byte("more"), nil); err == nil {
			t.Error("wrote after the half-close")
		}
	})
}

func TestConnectionWithoutHalfCloseSaysSo(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	if New(near).CloseWrite() == nil {
		t.Error("no error")
	}
}

func TestWriteToAPeerThatIsGone(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		far.Close()
		var err error
		for err == nil { // the first may go out before the peer's answer is seen
			_, err = c.Write([]byte("anybody there"), []byte("?"))
		}
		if !IsReset(err) || !IsEnd(err) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAbortIsNoCleanEnd(t *testing.T) {
	onEach(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		if _, err := c.Write([]byte("half a rep"), nil); err != nil {
			t.Fatal(err)
		}
		receive(t, far, []byte("half a rep"))
		if err := c.Abort(); err != nil {
			t.Fatal(err)
		}
		_, err := far.Read(make([]byte, 1))
		if p.tcp && !IsReset(err) || !p.tcp && !errors.Is(err, io.EOF) {
			t.Errorf("peer got %v", err)
		}
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v from a closed connection", err)
		}
	})
}

func TestCloseEndsEveryWait(t *testing.T) {
	for _, w := range waits {
		t.Run(w.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, p path) {
				if w.rawOnly && !p.raw {
					return
				}
				c, far := p.pair(t)
				small(t, c, far)
				ended := make(chan error)
				go func() { ended <- w.begin(c) }()
				untilWaiting(w.name)
				_ = c.Close()
				if err := <-ended; !errors.Is(err, net.ErrClosed) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}
