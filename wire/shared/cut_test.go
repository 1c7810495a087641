package shared

import (
	"encoding/binary"
	"net"
	"testing"
	"testing/synctest"

	"sidecar"
)

// A peer that has the first pieces of a request may have answered it. What then
// came under the same number would be the rest of that request to it.
func TestNumberOfARequestThatWasCutAndAnsweredIsNotUsedAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *rig, l *line, peer net.Conn) {
		s, _ := l.Reserve()
		b := frame(s.Number, 1, []byte("half"), more)
		if f := l.Send(exchange(), s, b[:headLen], b[headLen:]); f != nil {
			t.Fatal(f)
		}
		number, _ := read(t, peer)
		answer(t, peer, number, "no")
		synctest.Wait()
		farewell := frame(notice, 1, binary.BigEndian.AppendUint32(nil, number), 0)
		left := make(chan *sidecar.Fault)
		go func() { left <- l.Leave(s, farewell, sidecar.ClientGone.Fault(sidecar.StageWrite)) }()
		if n, text := read(t, peer); n != notice || binary.BigEndian.Uint32(text) != number {
			t.Errorf("the peer was told %d %x", n, text)
		}
		<-left
		next := l.start(exchange(), 2, []byte("whole"))
		other, _ := read(t, peer)
		if other == number {
			t.Error("the number was used again")
		}
		answer(t, peer, number, "discarded")
		answer(t, peer, other, "yes")
		if got := <-next; string(got.text) != "yes" {
			t.Errorf("got %q, %v", got.text, got.fault)
		}
		if used, left := l.Load(); used != 0 || left != 0 {
			t.Errorf("%d numbers in use, %d abandoned", used, left)
		}
	})
}

// What has come of a reply that nobody waits for any more takes no memory.
func TestHalfAReplyIsLetGoWithItsExchange(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig, l *line, peer net.Conn) {
		x := exchange()
		c := l.start(x, 1, []byte("one"))
		number, _ := read(t, peer)
		for range 5 {
			if _, err := peer.Write(frame(int(number), 1, make([]byte, 20<<10), more)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		x.Interrupt(x.Gen(), sidecar.ClientGone)
		<-c
		read(t, peer) // the notice
		l.mu.Lock()
		kept := cap(l.abandoned.first.slot.Buf)
		l.mu.Unlock()
		if kept != 0 || l.params.Room.Used() != 0 {
			t.Errorf("%d bytes are kept, %d of the room", kept, l.params.Room.Used())
		}
		answer(t, peer, number, "rest")
		synctest.Wait()
		if used, _ := l.Load(); used != 0 {
			t.Errorf("%d numbers in use", used)
		}
	})
}

// Requests that are taken back move what stands behind them in the stream, that
// of exchanges which have left included.
func TestReplyToAnAbandonedRequestBehindOneThatWasTakenBack(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *rig, l *line, peer net.Conn) {
		first := l.start(exchange(), 1, []byte("first")) // is being written: nobody reads
		synctest.Wait()
		long, cut := exchange(), exchange()
		second := l.start(long, 2, make([]byte, 10_000))
		synctest.Wait()
		third := l.start(cut, 3, []byte("a"), []byte("b"))
		synctest.Wait()
		cut.Interrupt(cut.Gen(), sidecar.ClientGone)
		<-third
		long.Interrupt(long.Gen(), sidecar.ClientGone)
		if f := (<-second).fault; f == nil || !f.Has(sidecar.Unsent) {
			t.Fatalf("got %v", f)
		}
		one, _ := read(t, peer)
		abandoned, _ := read(t, peer)
		read(t, peer) // its second piece
		read(t, peer) // the notice
		answer(t, peer, abandoned, "late")
		answer(t, peer, one, "yes")
		if got := <-first; string(got.text) != "yes" {
			t.Errorf("got %q, %v", got.text, got.fault)
		}
	})
}
