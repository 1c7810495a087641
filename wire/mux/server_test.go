package mux

import (
	"strings"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/peer"
)

// onBothPaths runs a test over raw sockets and over net.Conn.
func onBothPaths(t *testing.T, test func(t *testing.T, h *harness), do func(x *sidecar.Exchange, c *Call) error) {
	for _, plain := range []bool{false, true} {
		t.Run(map[bool]string{false: "raw", true: "net.Conn"}[plain], func(t *testing.T) {
			h := newHarness(t, do)
			h.plain.Store(plain)
			test(t, h)
		})
	}
}

func TestSessionAsFinagleBeginsIt(t *testing.T) {
	onBothPaths(t, func(t *testing.T, h *harness) {
		c := ask(t, h)
		c.Send(message(rerr, controlTag, initCheck))
		c.Expect(message(rerr, controlTag, initCheck))
		c.Send(string(appendInit(nil, tinit, 1, 1<<20)))
		c.Expect(string(appendInit(nil, rinit, 1, 0)))
		c.Send(message(tping, 1, ""))
		c.Expect(message(rping, 1, ""))
		c.Send(dispatch(2, "hello"))
		c.Expect(echoed(2, "hello"))
		c.Send(message(treq, 2, "\x00hi"))
		c.Expect(message(rreq, 2, "\x00hi"))
		c.Send(message(tlease, 0, "\x00\x00\x00\x00\x00\x00\x00\x00\x01"), message(tping, 7, ""))
		c.Expect(message(rping, 7, ""))
	}, nil)
}

func TestMessagesMayComeInAnyPieces(t *testing.T) {
	h := newHarness(t, nil)
	c := ask(t, h)
	all := dispatch(2, "one") + message(tping, 1, "") + dispatch(3, "two")
	for _, size := range []int{1, 3, 7, len(all)} {
		c.Send(peer.Split(all, size)...)
		got := map[string]bool{}
		for range 3 {
			f := hear(c)
			got[string(f.body)] = true
		}
		if !got[""] || !got["\x00\x00\x00one"] || !got["\x00\x00\x00two"] {
			t.Fatalf("pieces of %d: %v", size, got)
		}
	}
}

func TestRequestsOfAClientRunAtOnceAndPingsPassThem(t *testing.T) {
	let := make(chan struct{})
	h := newHarness(t, func(x *sidecar.Exchange, c *Call) error {
		if string(c.Payload) == "slow" {
			<-let
		}
		return reply(x, c, &Reply{Payload: c.Payload})
	})
	c := ask(t, h)
	c.Send(dispatch(2, "slow") + dispatch(3, "fast"))
	c.Expect(echoed(3, "fast"))
	c.Send(message(tping, 1, ""))
	c.Expect(message(rping, 1, ""))
	close(let)
	c.Expect(echoed(2, "slow"))
}

func TestDeadlineIsWhatTheClientAsks(t *testing.T) {
	asked := make(chan int64, 1)
	h := newHarness(t, func(x *sidecar.Exchange, c *Call) error {
		asked <- x.Asked
		return reply(x, c, &Reply{})
	})
	c := ask(t, h)
	call := Call{}
	c.Send(string(appendFrames(nil, tdispatch, 2, 0, call.appendDispatchHead(nil, AppendDeadline(nil, nil, 1, int64(time.Second))), nil)))
	c.Expect(echoed(2, ""))
	if got := <-asked; got != int64(time.Second) {
		t.Errorf("asked %d", got)
	}
}

func TestDiscardEndsARequestAndFreesItsTag(t *testing.T) {
	ended := make(chan sidecar.Reason, 1)
	h := newHarness(t, func(x *sidecar.Exchange, c *Call) error {
		if string(c.Payload) != "never" {
			return reply(x, c, &Reply{Payload: c.Payload})
		}
		err := stay(x)
		ended <- sidecar.FaultOf(err).Reason
		_ = reply(x, c, &Reply{Payload: []byte("too late")})
		return err
	})
	c := ask(t, h)
	c.Send(dispatch(5, "never"), string(appendDiscarded(nil, 5, "timeout")))
	c.Expect(message(rdiscarded, 5, ""))
	if got := <-ended; got != sidecar.ClientLeft {
		t.Errorf("ended by %v", got)
	}
	c.Send(dispatch(5, "again"))
	c.Expect(echoed(5, "again"))
	// What is not in flight was answered, and nothing is said of it.
	for range 1000 {
		c.Send(string(appendDiscarded(nil, 99, "what")))
	}
	c.Send(message(tping, 1, ""))
	c.Expect(message(rping, 1, ""))
}

func TestTagInUseEndsTheSession(t *testing.T) {
	h := newHarness(t, func(x *sidecar.Exchange, _ *Call) error { return stay(x) })
	c := ask(t, h)
	c.Send(dispatch(2, "a") + dispatch(2, "b"))
	if f := hear(c); f.kind != rerr || f.tag != 2 || !strings.Contains(string(f.body), errTagTwice.text) {
		t.Fatalf("got %+v", f)
	}
	c.End()
	if f := <-h.told; f.Reason != sidecar.BadRequest {
		t.Errorf("told %v", f)
	}
}

func TestRequestsOverTheLimitAreTurnedAway(t *testing.T) {
	let := make(chan struct{})
	h := newHarness(t, func(x *sidecar.Exchange, c *Call) error {
		<-let
		return reply(x, c, &Reply{})
	})
	h.set(func(s *Settings) { s.MaxInFlight = 2 })
	c := ask(t, h)
	c.Send(dispatch(2, "") + dispatch(3, "") + dispatch(4, "") + message(treq, 5, "\x00"))
	r := hearReply(c, 4)
	if r.Status != Nack || r.Failure() != Restartable|Rejected || string(r.Payload) != "sidecar: too_many_requests" {
		t.Errorf("got %+v", r)
	}
	c.Expect(message(rreq, 5, "\x02sidecar: too_many_requests"))
	close(let)
	hear(c)
	hear(c)
	c.Send(dispatch(4, ""))
	c.Expect(echoed(4, ""))
}

func TestFaultsAreNacksWhereNothingWasExecuted(t *testing.T) {
	for _, row := range []struct {
		name   string
		fault  sidecar.Fault
		tries  []sidecar.Flags
		status Status
		text   string
	}{
		{"no endpoints", sidecar.Fault{Reason: sidecar.NoEndpoints}, nil, Nack, "sidecar: no_endpoints"},
		{"refused", sidecar.Fault{Reason: sidecar.ConnectRefused, Flags: sidecar.Unsent}, []sidecar.Flags{sidecar.Unsent}, Nack, "sidecar: connect_refused (attempts: 1)"},
		{"sent", sidecar.Fault{Reason: sidecar.PeerClosed}, []sidecar.Flags{0}, Error, "sidecar: peer_closed (attempts: 1)"},
		{"sent once", sidecar.Fault{Reason: sidecar.ConnectRefused, Flags: sidecar.Unsent}, []sidecar.Flags{0, sidecar.Unsent}, Error, "sidecar: connect_refused (attempts: 2)"},
		{"no route", sidecar.Fault{Reason: sidecar.NoRoute}, nil, Error, "sidecar: no_route"},
		{"late", sidecar.Fault{Reason: sidecar.DeadlineExceeded}, nil, Error, "sidecar: deadline"},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := newHarness(t, func(x *sidecar.Exchange, _ *Call) error {
				for _, fl := range row.tries {
					x.Try("e", 1, x.Now()).Flags = fl
				}
				return &row.fault
			})
			c := ask(t, h)
			c.Send(dispatch(2, ""), message(treq, 3, "\x00"))
			for _, k := range []kind{rdispatch, rreq} {
				f := hear(c)
				var r Reply
				if f.kind == rreq {
					_ = r.readRreq(f.body)
				} else if r.read(f.body) != nil || (r.Failure() == Restartable|Rejected) != (row.status == Nack) {
					t.Errorf("%v: %+v", k, r)
				}
				if r.Status != row.status || string(r.Payload) != row.text {
					t.Errorf("got %v %q, want %v %q", r.Status, r.Payload, row.status, row.text)
				}
			}
		})
	}
}

func TestOnewayIsAcknowledged(t *testing.T) {
	h := newHarness(t, func(x *sidecar.Exchange, _ *Call) error {
		x.Commit(sidecar.Success)
		return nil
	})
	c := ask(t, h)
	c.Send(dispatch(2, "oneway"))
	c.Expect(echoed(2, ""))
}

func TestMarkersAreServedAndNotAnswered(t *testing.T) {
	seen := make(chan string, 3)
	h := newHarness(t, func(x *sidecar.Exchange, c *Call) error {
		seen <- string(c.Payload)
		return reply(x, c, &Reply{Payload: []byte("nobody asked")})
	})
	c := ask(t, h)
	c.Send(dispatch(0, "a")+dispatch(0, "b"), dispatch(2, "c"))
	c.Expect(echoed(2, "nobody asked"))
	got := <-seen + <-seen + <-seen
	if len(got) != 3 {
		t.Errorf("seen %q", got)
	}
}

func TestWhatIsNoRequestIsRefused(t *testing.T) {
	h := newHarness(t, nil)
	for _, row := range []struct {
		name, bytes string
		tag         uint32
		text        string
		goes        bool // the session goes on
	}{
		{"half a dispatch", message(tdispatch, 9, "\x00"), 9, errContexts.text, true},
		{"half a Treq", message(treq, 9, ""), 9, errTreq.text, true},
		{"a drain by a client", message(tdrain, 9, ""), 9, errUnexpected.text, true},
		{"a reply", message(rdispatch, 9, "\x00\x00\x00"), 9, errUnexpected.text, true},
		{"another version", message(tinit, 9, "\x00\x02"), 9, errVersion.text, false},
		{"half a Tinit", message(tinit, 9, "\x00"), 9, errInit.text, false},
		{"a type that is unknown", message(33, 9, ""), 1, errUnknown.text, false},
		{"no frame", "\xff\xff\xff\xff\x00\x00\x00\x00", 1, errFrameSize.text, false},
		{"HTTP", "GET / HTTP/1.1\r\n", 1, errUnknown.text, false},
		{"a Tdiscarded without a tag", message(tdiscarded, 0, ""), 0, errDiscarded.text, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := ask(t, h)
			c.Send(row.bytes)
			if f := hear(c); f.kind != rerr || f.tag != row.tag || !strings.Contains(string(f.body), row.text) {
				t.Fatalf("got %+v %q", f, f.body)
			}
			if !row.goes {
				c.End()
				return
			}
			c.Send(dispatch(2, "x"))
			c.Expect(echoed(2, "x"))
		})
	}
}
