package shared

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
	"sidecar/sock"
)

// result is what ask gave.
type result struct {
	text  []byte
	fault *sidecar.Fault
}

func (l *line) start(x *sidecar.Exchange, client int, texts ...[]byte) chan result {
	out := make(chan result, 1)
	go func() {
		b, f := l.ask(x, client, texts...)
		out <- result{b, f}
	}()
	return out
}

// read reads one frame of the peer's end.
func read(t *testing.T, nc net.Conn) (number uint32, text []byte) {
	t.Helper()
	var head [headLen]byte
	if _, err := io.ReadFull(nc, head[:]); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, binary.BigEndian.Uint32(head[:])&^more-8)
	if _, err := io.ReadFull(nc, b); err != nil {
		t.Fatal(err)
	}
	return binary.BigEndian.Uint32(head[4:]), b
}

func answer(t *testing.T, nc net.Conn, number uint32, text string) {
	t.Helper()
	if _, err := nc.Write(piece(int(number), []byte(text), 0)); err != nil {
		t.Fatal(err)
	}
}

// inBubble runs f with a line over an unbuffered pipe, in virtual time.
func inBubble(t *testing.T, f func(t *testing.T, r *rig, l *line, peer net.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		here, there := net.Pipe()
		l := r.start(here)
		f(t, r, l, there)
		there.Close()
		r.end(l)
		r.wheel.Wait()
	})
}

func TestSmallestNumberIsUsedFirst(t *testing.T) {
	var n numbers
	for want := range 200 {
		if s := n.take(200); s.Number != want {
			t.Fatalf("got %d, want %d", s.Number, want)
		}
	}
	if n.take(200) != nil {
		t.Error("more numbers than there may be")
	}
	for _, i := range []int{150, 3, 70} {
		n.give(n.list[i])
		if n.find(i) != nil {
			t.Errorf("%d is found though it is free", i)
		}
	}
	for _, want := range []int{3, 70, 150} {
		if s := n.take(200); s.Number != want {
			t.Errorf("got %d, want %d", s.Number, want)
		}
	}
	if n.used != 200 || n.find(200) != nil || n.find(-1) != nil || n.find(199) == nil {
		t.Errorf("%d in use", n.used)
	}
}

func TestInterruptedExchangeKeepsItsNumberUntilTheReply(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *rig, l *line, peer net.Conn) {
		x := exchange()
		first := l.start(x, 1, []byte("one"))
		number, _ := read(t, peer)
		x.Interrupt(x.Gen(), sidecar.AttemptDeadline)
		f := (<-first).fault
		if f == nil || f.Reason != sidecar.AttemptTimedOut || f.Has(sidecar.Unsent) || f.Stage != sidecar.StageRead {
			t.Errorf("got %v", f)
		}
		if n, text := read(t, peer); n != notice || binary.BigEndian.Uint32(text) != number {
			t.Errorf("the peer was told %d %x", n, text)
		}
		second := l.start(exchange(), 2, []byte("two"))
		other, _ := read(t, peer)
		if other == number {
			t.Error("a number was used again before its reply had come")
		}
		answer(t, peer, number, "late")
		answer(t, peer, other, "2222two")
		if got := <-second; string(got.text) != "2222two" {
			t.Errorf("got %q, %v", got.text, got.fault)
		}
		if used, left := l.Load(); used != 0 || left != 0 {
			t.Errorf("%d numbers in use, %d abandoned", used, left)
		}
	})
}

func TestRequestThatHasNotLeftIsTakenBack(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *rig, l *line, peer net.Conn) {
		// The pipe takes nothing until it is read: the first is being written.
		first := l.start(exchange(), 1, []byte("first"))
		synctest.Wait()
		x := exchange()
		second := l.start(x, 2, []byte("second"))
		synctest.Wait()
		third := l.start(exchange(), 3, []byte("third"))
		synctest.Wait()
		x.Interrupt(x.Gen(), sidecar.DeadlineCause)
		if f := (<-second).fault; f == nil || !f.Has(sidecar.Unsent) || f.Reason != sidecar.DeadlineExceeded {
			t.Errorf("got %v", f)
		}
		for i, c := range []chan result{first, third} {
			number, text := read(t, peer)
			if want := []string{"first", "third"}[i]; string(text) != want {
				t.Fatalf("the peer got %q, want %q", text, want)
			}
			answer(t, peer, number, "yes")
			if got := <-c; string(got.text) != "yes" {
				t.Errorf("got %q, %v", got.text, got.fault)
			}
		}
	})
}

func TestEndTellsEachWhetherItsRequestHadLeft(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *rig, l *line, peer net.Conn) {
		sent := l.start(exchange(), 1, []byte("sent"))
		read(t, peer)
		begun := l.start(exchange(), 2, []byte("begun"))
		synctest.Wait()
		unsent := l.start(exchange(), 3, []byte("unsent"))
		synctest.Wait()
		if _, err := io.ReadFull(peer, make([]byte, 6)); err != nil {
			t.Fatal(err)
		}
		peer.Close()
		for name, c := range map[string]chan result{"sent": sent, "begun": begun} {
			if f := (<-c).fault; f == nil || f.Reason != sidecar.PeerClosed || f.Flags != 0 {
				t.Errorf("%s: %v", name, f)
			}
		}
		if f := (<-unsent).fault; f == nil || f.Stage != sidecar.StageWrite || !f.Has(sidecar.Unsent|sidecar.Stale) {
			t.Errorf("unsent: %v", f)
		}
		if f := (<-l.start(exchange(), 4, nil)).fault; f == nil || !f.Has(sidecar.Unsent|sidecar.Stale) {
			t.Errorf("afterwards: %v", f)
		}
		if l.Status() != sidecar.Closed {
			t.Errorf("status %v", l.Status())
		}
	})
}

func TestFullConnectionIsBusyAndCallersWait(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *rig, l *line, peer net.Conn) {
		text := make([]byte, 60<<10)
		var all []chan result
		for l.Status() == sidecar.Open {
			all = append(all, l.start(exchange(), 1, text))
			synctest.Wait()
		}
		l.mu.Lock()
		size, waits := l.out.size(), len(l.out.waiting)
		l.mu.Unlock()
		if size < maxBuffered || size > maxBuffered+MaxPut || waits != 1 {
			t.Errorf("full with %d bytes and %d that wait", size, waits)
		}
		x := exchange()
		gone := l.start(x, 2, []byte("gone"))
		synctest.Wait()
		x.Interrupt(x.Gen(), sidecar.ClientGone)
		if f := (<-gone).fault; f == nil || !f.Has(sidecar.Unsent|sidecar.FromClient) {
			t.Errorf("got %v", f)
		}
		for range all {
			number, _ := read(t, peer)
			answer(t, peer, number, "yes")
		}
		for _, c := range all {
			if got := <-c; string(got.text) != "yes" {
				t.Errorf("got %q, %v", got.text, got.fault)
			}
		}
		if l.Status() != sidecar.Open {
			t.Errorf("status %v once there is room", l.Status())
		}
	})
}

func TestTooManyAbandonedEndTheConnection(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *rig, l *line, peer net.Conn) {
		go func() { _, _ = io.Copy(io.Discard, peer) }()
		last := l.start(exchange(), 1, []byte("waits"))
		synctest.Wait()
		for i := 0; i <= maxAbandoned; i++ {
			if l.Status() != sidecar.Open {
				t.Fatalf("ended after %d", i)
			}
			x := exchange()
			c := l.start(x, 1, []byte("x"))
			synctest.Wait()
			x.Interrupt(x.Gen(), sidecar.DeadlineCause)
			<-c
		}
		if f := (<-last).fault; f == nil || f.Reason != sidecar.PeerClosed {
			t.Errorf("got %v", f)
		}
	})
}

func TestAbandonedForTooLongEndsTheConnection(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig, l *line, peer net.Conn) {
		go func() { _, _ = io.Copy(io.Discard, peer) }()
		x := exchange()
		c := l.start(x, 1, []byte("x"))
		synctest.Wait()
		x.Interrupt(x.Gen(), sidecar.DeadlineCause)
		<-c
		last, begin := l.start(exchange(), 1, []byte("waits")), r.now()
		<-last
		if took := time.Duration(r.now() - begin); took < 29*time.Second || took > 31*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// A peer need not answer what it never had whole.
func TestRequestThatWasCutFreesItsNumberAfterATime(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig, l *line, peer net.Conn) {
		var all []chan result
		for l.Status() == sidecar.Open {
			all = append(all, l.start(exchange(), 1, make([]byte, 60<<10)))
			synctest.Wait()
		}
		x := exchange()
		s, _ := l.Reserve()
		s.puts = 1 // as if a first piece had left
		l.mu.Lock()
		l.sent.push(&s.sent)
		l.mu.Unlock()
		c := make(chan *sidecar.Fault)
		go func() { c <- l.Leave(s, nil, l.Send(x, s, make([]byte, 100), nil)) }()
		synctest.Wait()
		x.Interrupt(x.Gen(), sidecar.ClientGone)
		if f := <-c; f.Has(sidecar.Unsent) {
			t.Errorf("got %v", f)
		}
		if used, left := l.Load(); used != len(all)+1 || left != 1 {
			t.Errorf("%d in use, %d abandoned", used, left)
		}
		for range all {
			number, _ := read(t, peer)
			answer(t, peer, number, "yes")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if used, _ := l.Load(); used != 0 || l.Status() != sidecar.Open {
			t.Errorf("%d in use, status %v", used, l.Status())
		}
		for _, c := range all {
			<-c
		}
	})
}

func TestSpeakerIsCalledWhenItWants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		here, there := net.Pipe()
		var l line
		var at []time.Duration
		begin := r.now()
		l.tends = func(now int64) int64 {
			at = append(at, time.Duration(now-begin).Round(time.Second))
			if len(at) == 3 {
				return 0
			}
			return now + int64(time.Second)
		}
		l.Conn = New(Params{Sock: sockOf(here), Wheel: r.wheel, Buffers: r.bufs, Room: sock.NewRoom(1), Now: r.now, Most: 10, First: begin + int64(5*time.Second)}, &l)
		l.Start()
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(at) != 3 || at[0] != 5*time.Second || at[2] != 7*time.Second {
			t.Errorf("called after %v", at)
		}
		there.Close()
		r.end(&l)
		r.wheel.Wait()
	})
}

func TestPeerThatAsksAndTakesNoAnswersIsCut(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *rig, l *line, _ net.Conn) {
		for i := 0; l.Status() != sidecar.Closed; i++ {
			if l.Tell(make([]byte, 1000)); i > 2000 {
				t.Fatal("never")
			}
		}
	})
}

func TestAnswerToNobodyEndsTheConnection(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *rig, l *line, peer net.Conn) {
		first := l.start(exchange(), 1, []byte("one"))
		number, _ := read(t, peer)
		answer(t, peer, number+1, "yes")
		if f := (<-first).fault; f == nil || f.Reason != sidecar.BadReply || f.Has(sidecar.Unsent) {
			t.Errorf("got %v", f)
		}
	})
}

// One number is free and not the peer's to answer before its request has left.
func TestAnswerBeforeTheRequestHasLeftEndsTheConnection(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *rig, l *line, peer net.Conn) {
		first := l.start(exchange(), 1, []byte("one"))
		synctest.Wait()
		second := l.start(exchange(), 2, []byte("two"))
		synctest.Wait()
		answer(t, peer, 1, "early")
		if f := (<-second).fault; f == nil || f.Reason != sidecar.BadReply || !f.Has(sidecar.Unsent) {
			t.Errorf("got %v", f)
		}
		if f := (<-first).fault; f == nil {
			t.Error("the other was answered")
		}
	})
}

func TestLongReplyComesWhole(t *testing.T) {
	r := newRig(t)
	here, there := pair(t)
	l := r.start(here)
	defer r.end(l)
	want := bytes.Repeat([]byte("0123456789"), 50_000)
	c := l.start(exchange(), 1, []byte("x"))
	number, _ := read(t, there)
	for rest := want; len(rest) > 0; {
		n := min(len(rest), 30_000)
		flags := uint32(more)
		if n == len(rest) {
			flags = 0
		}
		if _, err := there.Write(piece(int(number), rest[:n], flags)); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if got := <-c; !bytes.Equal(got.text, want) {
		t.Errorf("got %d bytes, %v", len(got.text), got.fault)
	}
	runtime.KeepAlive(there)
}
