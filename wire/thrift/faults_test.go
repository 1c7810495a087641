package thrift

import (
	"strings"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/peer"
	"sidecar/sock"
)

// exceptionOf is an EXCEPTION as a backend sends it.
func exceptionOf(e Encoding, seq int32, name string, k Kind, text string) string {
	m := parcel{Encoding: e, Head: Head{Seq: seq, NameEnd: len(name)}, Payload: []byte(name)}
	return string(exceptionTo(&m, k, text))
}

// What the backend says wrong, or fails to say, is told to the caller in its
// own words, with its sequence id, and the connection goes on.
func TestBadRepliesAreToldAndTheConnectionGoesOn(t *testing.T) {
	e := framedBinary
	for _, row := range []struct {
		name, answer string
		cut, reset   bool
		reason       sidecar.Reason
		hint         string
	}{
		{name: "closed", cut: true, reason: sidecar.PeerClosed, hint: unheardHint},
		{name: "reset", reset: true, reason: sidecar.PeerReset, hint: unheardHint},
		{name: "half a reply", answer: reply(e, 7, "m", "abc")[:20], cut: true, reason: sidecar.PeerClosed},
		{name: "another sequence id", answer: reply(e, 8, "m", "abc"), reason: sidecar.BadReply},
		{name: "a call", answer: call(e, 7, "m", "abc"), reason: sidecar.BadReply},
		{name: "no Thrift", answer: "HTTP/1.1 400 Bad Request\r\n\r\n", reason: sidecar.BadReply},
		{name: "empty frame", answer: "\x00\x00\x00\x00", reason: sidecar.BadReply},
		{name: "negative frame", answer: "\xff\xff\xff\xff", reason: sidecar.BadReply},
		{name: "long frame", answer: "\x00\x10\x00\x01", reason: sidecar.BadReply},
		{name: "frame without a head", answer: "\x00\x00\x00\x04\x80\x01\x00\x02", reason: sidecar.BadReply},
		{name: "another protocol", answer: reply(framedCompact, 7, "m", "abc"), reason: sidecar.BadReply},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
				if c.Number > 0 {
					m, _ := hear(c, e)
					c.TrySend(reply(e, m.Seq, m.name, "well"))
					c.Gone()
					return
				}
				hear(c, e)
				c.TrySend(row.answer)
				switch {
				case row.reset:
					c.Cut()
				case !row.cut:
					c.Gone()
				}
			}).Addr())
			c := h.client(t)
			c.Send(call(e, 7, "m", "x"))
			if m := refused(c, e, 7, "sidecar: "+row.reason.String()+row.hint); m.name != "m" {
				t.Errorf("the exception names %q", m.name)
			}
			c.Send(call(e, 8, "m", "x"))
			wants(c, e, 8, "well")
		})
	}
}

// A kept connection that its server has closed costs no call.
func TestAStaleConnectionIsFoundBeforeACallIsSpentOnIt(t *testing.T) {
	e := framedBinary
	gone := make(chan struct{})
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		m, _ := hear(c, e)
		c.Send(reply(e, m.Seq, m.name, "one"))
		if c.Number == 0 {
			c.Close()
			close(gone)
			return
		}
		c.Gone()
	}).Addr())
	c := h.client(t)
	c.Send(call(e, 1, "m", "x"))
	wants(c, e, 1, "one")
	<-gone
	h.mu.Lock()
	awaitReadable(t, h.idle[0].c)
	h.mu.Unlock()
	c.Send(call(e, 2, "m", "x"))
	wants(c, e, 2, "one")
	if f := h.fault(0); f == nil || !f.Has(sidecar.Stale|sidecar.Unsent) {
		t.Errorf("the fault was %v", f)
	}
}

func awaitReadable(t testing.TB, c *sock.Conn) {
	if err := c.WaitRead(); err != nil {
		t.Fatal(err)
	}
}

// Bytes behind a reply belong to no call: the connection is not used again.
func TestAConnectionThatSaysMoreIsNotKept(t *testing.T) {
	e := framedBinary
	back := peer.Listen(t, func(c *peer.Conn) {
		for {
			m, ok := hear(c, e)
			if !ok {
				return
			}
			c.TrySend(reply(e, m.Seq, m.name, "mine") + reply(e, m.Seq+1, m.name, "stray"))
		}
	})
	h := newHarness(t, back.Addr())
	c := h.client(t)
	for seq := range int32(3) {
		c.Send(call(e, seq, "m", "x"))
		wants(c, e, seq, "mine")
	}
	if back.Conns() != 3 {
		t.Errorf("%d connections", back.Conns())
	}
}

// A failure that is kept from the client is tried again; the last goes out as
// it came.
func TestExceptionsAreHeldAndTriedAgain(t *testing.T) {
	e := framedBinary
	classes := make(chan sidecar.Class, 3)
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		for number := 0; c.Idle(); number++ {
			m, _ := hear(c, e)
			switch {
			case m.name == "never" || number == 0:
				c.Send(exceptionOf(e, m.Seq, m.name, InternalError, "try again"))
			default:
				c.Send(reply(e, m.Seq, m.name, "well"))
			}
		}
	}).Addr())
	h.tries, h.hold = 2, sidecar.Classes(sidecar.Failure)
	h.seen = func(x *sidecar.Exchange, _ error) { classes <- x.Msg.Class() }
	c := h.client(t)
	c.Send(call(e, 1, "once", "x"))
	wants(c, e, 1, "well")
	c.Send(call(e, 2, "never", "x"))
	c.Expect(exceptionOf(e, 2, "never", InternalError, "try again"))
	c.Send(call(e, 3, "m", "x"))
	wants(c, e, 3, "well")
	for _, want := range []sidecar.Class{sidecar.Success, sidecar.Failure, sidecar.Success} {
		if got := <-classes; got != want {
			t.Errorf("class %v, want %v", got, want)
		}
	}
	if f := h.fault(0); f.Class != sidecar.Failure || f.Code != int(InternalError) || !f.Has(sidecar.FromPeer) {
		t.Errorf("the fault was %v", f)
	}
	if h.dials != 1 {
		t.Errorf("%d connections: a reply that is held leaves one as it was", h.dials)
	}
}

func TestSilentBackendsAreTimedOut(t *testing.T) {
	e := framedBinary
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) { c.Gone() }).Addr())
	h.timeout = 60 * time.Millisecond
	c := h.client(t)
	c.Send(call(e, 1, "m", "x"))
	refused(c, e, 1, "sidecar: deadline")
	h2 := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		m, _ := hear(c, e)
		if c.Number == 1 {
			c.Send(reply(e, m.Seq, m.name, "second"))
		}
		c.Gone()
	}).Addr())
	h2.attempt, h2.tries = time.Second, 2 // the second one must answer in that
	c = h2.client(t)
	c.Send(call(e, 1, "m", "x"))
	wants(c, e, 1, "second")
}

// Of a oneway call of which bytes may have gone nobody knows whether it was
// executed: it is not sent again, and its caller hears nothing.
func TestOnewayIsNotSentTwice(t *testing.T) {
	e := framedBinary
	back := peer.Listen(t, func(c *peer.Conn) {
		m, _ := hear(c, e)
		if m.Type == OnewayType {
			c.Cut()
			return
		}
		c.Send(reply(e, m.Seq, m.name, "well"))
		c.Gone()
	})
	h := newHarness(t, back.Addr())
	h.tries = 3
	c := h.client(t)
	c.Send(packed(e, OnewayType, 1, "tell", 1, text(3_000_000)[:900_000]))
	c.Send(call(e, 2, "m", "x"))
	wants(c, e, 2, "well")
	if n := back.Conns(); n > 2 {
		t.Errorf("%d connections", n)
	}
}

// One that cannot be sent at all says nothing either, and the calls behind it
// are answered.
func TestOnewayWithoutABackendIsSilent(t *testing.T) {
	e := framedBinary
	h := newHarness(t, "127.0.0.1:1")
	c := h.client(t)
	c.Send(packed(e, OnewayType, 1, "tell", 1, "x") + call(e, 2, "m", "x"))
	refused(c, e, 2, "sidecar: connect_refused")
}

// Several tries are told one by one.
func TestTriesAreTold(t *testing.T) {
	e := framedCompact
	h := newHarness(t, "127.0.0.1:1")
	h.tries = 2
	c := h.client(t)
	c.Send(call(e, 1, "m", "x"))
	refused(c, e, 1, "sidecar: connect_refused (tries: connect_refused, connect_refused)")
}

// What is no call is answered, where that can be, and ends the connection.
func TestWhatIsNoCallIsRefused(t *testing.T) {
	e := framedBinary
	for _, row := range []struct {
		name, bytes, part string
		seq               int32
	}{
		{"a reply", reply(e, 3, "m", "x"), "bad_request", 3},
		{"an endless name", "\x00\x00\x10\x00\x80\x01\x00\x01\x7f\xff\xff\xff" + text(100), "bad_request", 0},
		{"a frame over max_frame", "\x00\x10\x00\x01" + call(e, 5, "m", "x")[4:], "too_large: frame is larger than max_frame", 5},
		{"a negative frame behind a good one", "\xff\xff\xff\xff", "bad_request", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := newHarness(t, backend(t, e).Addr())
			c := h.client(t)
			c.Send(call(e, 1, "m", "x"))
			wants(c, e, 1, "x")
			c.Send(row.bytes)
			refused(c, e, row.seq, row.part)
			c.HalfClose()
			c.End()
		})
	}
}

// Bytes that are no Thrift at all have no words to be answered in.
func TestStrangersAreClosed(t *testing.T) {
	for _, bytes := range []string{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "\xff\xff\xff\xff\xff"} {
		h := newHarness(t, backend(t, framedBinary).Addr())
		c := h.client(t)
		c.Send(bytes)
		c.Gone()
	}
}

// A call that stops coming half-way is answered after header_timeout if its
// name is there, and its connection ends in any case.
func TestHalfACallIsNotWaitedForForEver(t *testing.T) {
	e := framedBinary
	h := newHarness(t, backend(t, e).Addr())
	h.set(func(s *Settings) { s.HeaderTimeout = 50 * time.Millisecond })
	c := h.client(t)
	c.Send(call(e, 4, "m", text(5000))[:100])
	refused(c, e, 4, "sidecar: stalled: call stopped coming")
	c.HalfClose()
	c.End()
	c = h.client(t)
	c.Send("\x00\x00")
	c.Gone()
}

func TestAnIdleConnectionIsClosed(t *testing.T) {
	h := newHarness(t, backend(t, framedBinary).Addr())
	h.set(func(s *Settings) { s.IdleTimeout = 50 * time.Millisecond })
	c := h.client(t)
	c.Send(call(framedBinary, 1, "m", "x"))
	wants(c, framedBinary, 1, "x")
	c.End()
}

// A pinned encoding is the only one.
func TestPinnedEncodings(t *testing.T) {
	h := newHarness(t, backend(t, framedBinary).Addr())
	for _, row := range []struct {
		transport, protocol string
		good, bad           Encoding
	}{
		{"framed", "auto", framedCompact, unframedBinary},
		{"auto", "binary", unframedBinary, framedCompact},
		{"unframed", "compact", Encoding{Unframed, Compact}, framedCompact},
		{"auto", "lax", Encoding{Unframed, Lax}, framedBinary},
	} {
		choice, err := ParseChoice(row.transport, row.protocol)
		if err != nil {
			t.Fatal(err)
		}
		h.set(func(s *Settings) { s.Speaks = choice })
		c := h.client(t)
		c.Send(call(row.good, 1, "m", "x"))
		wants(c, row.good, 1, "x")
		c = h.client(t)
		c.Send(call(row.bad, 1, "m", strings.Repeat("x", 100)))
		c.HalfClose()
		if got, _ := c.Rest(); strings.Contains(got, "xxxx") {
			t.Errorf("%s/%s takes %s", row.transport, row.protocol, row.bad.testName())
		}
	}
}

// unheardHint is what callers are told where a new connection brought nothing.
const unheardHint = ": the backend ended a new connection without an answer: does it speak framed binary, as thrift of the upstream says?"
