package shared

import (
	"net"
	"testing"
	"testing/synctest"

	"sidecar"
)

// queue speaks a protocol of answers in order, each of one byte.
type queue struct {
	*Conn
	large bool // the next answer is more than its owner may have
}

func (q *queue) Tend(int64) int64 { return 0 }

func (q *queue) Received(b []byte) (int, error) {
	for i := range b {
		s, gen := q.Next()
		switch {
		case s == nil:
			return i, net.ErrClosed
		case !s.Win(gen):
			q.Forget(s, gen)
		case q.large:
			q.large = false
			q.Discard(s)
			q.Fail(s, sidecar.Fault{Reason: sidecar.TooLarge})
		default:
			q.Append(s, b[i:i+1])
			s.Mark = s.Awaited + 1
			q.Finish(s)
		}
	}
	return len(b), nil
}

// ask sends text and gives the answer.
func (q *queue) ask(x *sidecar.Exchange, text string) chan result {
	out := make(chan result, 1)
	go func() {
		s, f := q.Reserve()
		if f != nil {
			out <- result{nil, f}
			return
		}
		s.Awaited = int(text[0])
		if f := q.Send(x, s, []byte(text), nil); f != nil {
			out <- result{nil, q.Leave(s, nil, f)}
			return
		}
		if f := q.Await(x, s, nil); f != nil {
			out <- result{nil, f}
			return
		}
		if s.Mark != int(text[0])+1 {
			f = &sidecar.Fault{Reason: sidecar.Internal}
		}
		out <- result{append([]byte(nil), s.Buf...), f}
		q.Free(s)
	}()
	synctest.Wait()
	return out
}

// inOrder runs f with a connection of answers in order over an unbuffered pipe.
func inOrder(t *testing.T, f func(q *queue, peer net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		here, there := net.Pipe()
		q := new(queue)
		p := r.params(here)
		p.InOrder = true
		q.Conn = New(p, q)
		q.Start()
		f(q, there)
		there.Close()
		r.end(&line{Conn: q.Conn})
		r.wheel.Wait()
	})
}

// takes reads n bytes of the peer's end.
func takes(t *testing.T, peer net.Conn, want string) {
	t.Helper()
	b := make([]byte, len(want))
	for n := 0; n < len(b); {
		k, err := peer.Read(b[n:])
		if err != nil {
			t.Fatal(err)
		}
		n += k
	}
	if string(b) != want {
		t.Errorf("the peer was sent %q, want %q", b, want)
	}
}

func TestAnswersInOrderPassThoseWhoHaveLeft(t *testing.T) {
	inOrder(t, func(q *queue, peer net.Conn) {
		gone := exchange()
		one, two, three := q.ask(exchange(), "a"), q.ask(gone, "b"), q.ask(exchange(), "c")
		takes(t, peer, "abc")
		gone.Interrupt(gone.Gen(), sidecar.ClientGone)
		if f := (<-two).fault; f == nil || f.Has(sidecar.Unsent) {
			t.Errorf("got %v", f)
		}
		four := q.ask(exchange(), "d") // it may not have the number of the one that left
		takes(t, peer, "d")
		if _, err := peer.Write([]byte("1234")); err != nil {
			t.Fatal(err)
		}
		for i, c := range []chan result{one, three, four} {
			if got := <-c; string(got.text) != []string{"1", "3", "4"}[i] || got.fault != nil {
				t.Errorf("%d: %q, %v", i, got.text, got.fault)
			}
		}
		if used, left := q.Load(); used != 0 || left != 0 {
			t.Errorf("%d in use, %d abandoned", used, left)
		}
	})
}

func TestAnswersInOrderPassRequestsThatWereTakenBack(t *testing.T) {
	inOrder(t, func(q *queue, peer net.Conn) {
		first := q.ask(exchange(), "a") // is being written: nobody reads
		cut, gone := exchange(), exchange()
		second, third, fourth := q.ask(cut, "bb"), q.ask(gone, "c"), q.ask(exchange(), "d")
		cut.Interrupt(cut.Gen(), sidecar.DeadlineCause)
		if f := (<-second).fault; f == nil || !f.Has(sidecar.Unsent) {
			t.Errorf("got %v", f)
		}
		takes(t, peer, "acd")
		gone.Interrupt(gone.Gen(), sidecar.ClientGone)
		<-third
		if _, err := peer.Write([]byte("134")); err != nil {
			t.Fatal(err)
		}
		if got := <-first; string(got.text) != "1" {
			t.Errorf("got %q, %v", got.text, got.fault)
		}
		if got := <-fourth; string(got.text) != "4" {
			t.Errorf("got %q, %v", got.text, got.fault)
		}
	})
}

func TestOneAnswerInOrderFailsAlone(t *testing.T) {
	inOrder(t, func(q *queue, peer net.Conn) {
		q.large = true
		one, two := q.ask(exchange(), "a"), q.ask(exchange(), "b")
		takes(t, peer, "ab")
		if _, err := peer.Write([]byte("12")); err != nil {
			t.Fatal(err)
		}
		if f := (<-one).fault; f == nil || f.Reason != sidecar.TooLarge {
			t.Errorf("got %v", f)
		}
		if got := <-two; string(got.text) != "2" {
			t.Errorf("got %q, %v", got.text, got.fault)
		}
	})
}

// An answer to nothing is none, though requests wait to be written.
func TestAnswerToARequestThatHasNotLeftEndsTheConnection(t *testing.T) {
	inOrder(t, func(q *queue, peer net.Conn) {
		one := q.ask(exchange(), "a")
		takes(t, peer, "a")
		if _, err := peer.Write([]byte("12")); err != nil {
			t.Fatal(err)
		}
		if got := <-one; string(got.text) != "1" {
			t.Errorf("got %q, %v", got.text, got.fault)
		}
		synctest.Wait()
		if q.Status() != sidecar.Closed {
			t.Error("it goes on")
		}
	})
}
