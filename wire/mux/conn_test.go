package mux

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
	"sidecar/varz"
	"sidecar/wire/told"
)

func TestCallIsDispatchedAndItsReplyGivenBack(t *testing.T) {
	inBubble(t, 0, nil, func(r *rig, c *Conn, b *backend) {
		contexts := AppendPair(nil, 0, "k", []byte("v"))
		a := r.ask(c, &Call{Contexts: contexts, Dest: []byte("/s/users"), Dtab: unhex(t, "0001 0002 2f61 0002 2f62"), Payload: []byte("hello")})
		f := b.expect(tdispatch)
		var got Call
		if bad := got.read(f.body); bad != nil {
			t.Fatal(bad)
		}
		if f.tag != minTag || !bytes.Equal(got.Contexts, contexts) || string(got.Dest) != "/s/users" || len(got.Dtab) == 0 || string(got.Payload) != "hello" {
			t.Errorf("tag %d, %+v", f.tag, got)
		}
		if u := r.dialer.Usage(); u.Tags != 1 || u.Highest != 2 || u.Conns != 1 {
			t.Errorf("usage %+v", u)
		}
		b.answer(f.tag, Reply{Contexts: contexts, Payload: []byte("world")})
		if f := a.fault(); f != nil || a.to.got != 1 || string(a.to.r.Payload) != "world" || !bytes.Equal(a.to.r.Contexts, contexts) {
			t.Errorf("%v, %+v", f, a.to)
		}
		if a.call.Class() != sidecar.Success || a.x.Replied() == 0 {
			t.Errorf("class %v", a.call.Class())
		}
		if last := a.x.Tries.Last(); last.Out == 0 || last.In == 0 {
			t.Errorf("record %+v", last)
		}
	})
}

func TestRepliesComeInAnyOrderAndTagsAreReusedSmallFirst(t *testing.T) {
	inBubble(t, 0, nil, func(r *rig, c *Conn, b *backend) {
		var all []*asked
		var tags []uint32
		for _, p := range []string{"a", "b", "c"} {
			all = append(all, r.ask(c, &Call{Payload: []byte(p)}))
			tags = append(tags, b.expect(tdispatch).tag)
		}
		for _, i := range []int{2, 0, 1} {
			b.answer(tags[i], Reply{Payload: []byte{'A' + byte(i)}})
		}
		for i, a := range all {
			if f := a.fault(); f != nil || a.to.r.Payload[0] != 'A'+byte(i) {
				t.Errorf("%d: %v %q", i, f, a.to.r.Payload)
			}
		}
		a := r.ask(c, &Call{})
		f := b.expect(tdispatch)
		if f.tag != minTag {
			t.Errorf("tag %d, want the smallest", f.tag)
		}
		b.answer(f.tag, Reply{})
		<-a.done
	})
}

func TestFailedRepliesAreToldByTheirFlags(t *testing.T) {
	const rejected = sidecar.FromPeer | sidecar.Rejected
	for _, row := range []struct {
		name  string
		say   func(tag uint32) []byte
		flags sidecar.Flags // of the fault; 0: the reply goes through
		class sidecar.Class
		text  string
	}{
		{"nack", whole(Reply{Status: Nack}), rejected, sidecar.Shed, ""},
		{"nack that may be sent again", whole(Reply{Status: Nack, Contexts: failureContexts(Restartable | Rejected)}), rejected, sidecar.Shed, ""},
		{"nack that may not", whole(Reply{Status: Nack, Contexts: failureContexts(Rejected | NonRetryable)}), 0, sidecar.Overload, ""},
		{"error", whole(Reply{Status: Error, Payload: []byte("boom")}), 0, sidecar.Failure, "boom"},
		{"error that may be sent again", whole(Reply{Status: Error, Contexts: failureContexts(Restartable)}), rejected, sidecar.Failure, ""},
		{"error that may not", whole(Reply{Status: Error, Contexts: failureContexts(NonRetryable), Payload: []byte("no")}), 0, sidecar.Failure, "no"},
		{"Rerr", func(tag uint32) []byte { return appendError(nil, tag, "what") }, 0, sidecar.Failure, "what"},
		{"Rerr by its new number", func(tag uint32) []byte {
			p := appendError(nil, tag, "what")
			p[4] = 0x80
			return p
		}, 0, sidecar.Failure, "what"},
		{"Rreq", func(tag uint32) []byte { return appendFrames(nil, rreq, tag, 0, []byte{0}, []byte("old")) }, 0, sidecar.Success, "old"},
	} {
		t.Run(row.name, func(t *testing.T) {
			inBubble(t, 0, nil, func(r *rig, c *Conn, b *backend) {
				a := r.ask(c, &Call{})
				b.say(row.say(b.expect(tdispatch).tag))
				f := a.fault()
				switch {
				case row.flags == 0 && (f != nil || a.call.Class() != row.class || string(a.to.r.Payload) != row.text):
					t.Errorf("%v, class %v, %q", f, a.call.Class(), a.to.r.Payload)
				case row.flags != 0 && (f == nil || f.Flags != row.flags || f.Class != row.class || a.to.got != 0):
					t.Errorf("got %+v", f)
				}
			})
		})
	}
}

// whole is a reply as it stands on the wire.
func whole(r Reply) func(tag uint32) []byte {
	return func(tag uint32) []byte {
		return appendFrames(nil, rdispatch, tag, 0, r.appendReplyHead(nil), r.Payload)
	}
}

func TestHeldReplyIsNotGivenBack(t *testing.T) {
	inBubble(t, 0, nil, func(r *rig, c *Conn, b *backend) {
		a := r.ready(&Call{})
		a.x.Hold = sidecar.Classes(sidecar.Failure)
		r.work.Go(func() { a.done <- c.Do(context.Background(), a.x) })
		b.answer(b.expect(tdispatch).tag, Reply{Status: Error})
		if f := a.fault(); f == nil || !f.Has(sidecar.FromPeer) || f.Class != sidecar.Failure || a.to.got != 0 {
			t.Errorf("got %v", f)
		}
	})
}

func TestFragmentsGoOutBetweenOthers(t *testing.T) {
	inBubble(t, 1000, nil, func(r *rig, c *Conn, b *backend) {
		large := bytes.Repeat([]byte("0123456789"), 1000)
		contexts := AppendPair(nil, 0, "key", bytes.Repeat([]byte("v"), 3000))
		r.ask(c, &Call{Contexts: contexts, Payload: large})
		synctest.Wait()
		small := r.ask(c, &Call{Payload: []byte("small")})
		synctest.Wait() // it has a tag of its own while the other is under way
		var p parts
		for done := 0; done < 2; {
			f := b.expect(tdispatch)
			if len(f.body) > 1000 {
				t.Fatalf("a fragment of %d bytes", len(f.body))
			}
			complete, bad := p.add(&f, 1<<20)
			if bad != nil {
				t.Fatal(bad)
			}
			if !complete {
				continue
			}
			done++
			var got Call
			if bad := got.read(f.body); bad != nil {
				t.Fatal(bad)
			}
			if f.tag == minTag && (!bytes.Equal(got.Payload, large) || !bytes.Equal(got.Contexts, contexts)) {
				t.Errorf("%d bytes, %d of contexts", len(got.Payload), len(got.Contexts))
			}
			b.answer(f.tag, Reply{Payload: []byte("yes")})
		}
		if f := small.fault(); f != nil {
			t.Error(f)
		}
	})
}

func TestReplyInFragmentsIsPutTogether(t *testing.T) {
	inBubble(t, 0, nil, func(r *rig, c *Conn, b *backend) {
		one := r.ask(c, &Call{})
		first := b.expect(tdispatch).tag
		two := r.ask(c, &Call{})
		second := b.expect(tdispatch).tag
		text := bytes.Repeat([]byte("abcdefgh"), 5000)
		all := appendFrames(nil, rdispatch, first, 3000, (&Reply{}).appendReplyHead(nil), text)
		cut := 4 * (3000 + frameHead)
		b.say(all[:cut+17]) // within a fragment
		b.say(all[cut+17 : cut+3000+frameHead])
		b.say(appendFrames(nil, rdispatch, second, 0, (&Reply{}).appendReplyHead(nil), []byte("between")))
		b.say(all[cut+3000+frameHead:])
		if f := two.fault(); f != nil || string(two.to.r.Payload) != "between" {
			t.Errorf("%v %q", f, two.to.r.Payload)
		}
		if f := one.fault(); f != nil || !bytes.Equal(one.to.r.Payload, text) {
			t.Errorf("%v, %d bytes", f, len(one.to.r.Payload))
		}
	})
}

func TestErrorEndsAReplyInFragments(t *testing.T) {
	inBubble(t, 0, nil, func(r *rig, c *Conn, b *backend) {
		a := r.ask(c, &Call{})
		tag := b.expect(tdispatch).tag
		b.say(appendFrames(nil, rdispatch, tag, 20, (&Reply{}).appendReplyHead(nil), make([]byte, 100))[:2*(20+frameHead)])
		b.say(appendError(nil, tag, "stop"))
		if f := a.fault(); f != nil || a.to.r.Status != Error || string(a.to.r.Payload) != "stop" {
			t.Errorf("%v %+v", f, a.to.r)
		}
	})
}

func TestReplyThatIsTooLargeFailsAlone(t *testing.T) {
	inBubble(t, 0, func(s *DialSettings) { s.MaxFrame = 50_000 }, func(r *rig, c *Conn, b *backend) {
		a := r.ask(c, &Call{})
		tag := b.expect(tdispatch).tag
		b.say(appendFrames(nil, rdispatch, tag, 10_000, (&Reply{}).appendReplyHead(nil), make([]byte, 200_000)))
		if f := a.fault(); f == nil || f.Reason != sidecar.TooLarge {
			t.Errorf("got %v", f)
		}
		a = r.ask(c, &Call{})
		b.answer(b.expect(tdispatch).tag, Reply{})
		if f := a.fault(); f != nil {
			t.Errorf("the next: %v", f)
		}
	})
}

func TestServerWithoutTinitGetsWholeFrames(t *testing.T) {
	inBubble(t, -1, nil, func(r *rig, c *Conn, b *backend) {
		a := r.ask(c, &Call{Payload: make([]byte, 200_000)})
		f := b.expect(tdispatch)
		if f.more || len(f.body) < 200_000 {
			t.Errorf("more %v, %d bytes", f.more, len(f.body))
		}
		b.answer(f.tag, Reply{})
		if f := a.fault(); f != nil {
			t.Error(f)
		}
	})
}

func TestHandshakeFailures(t *testing.T) {
	for _, row := range []struct {
		name string
		play func(b *backend)
		want string
	}{
		{"closed", func(b *backend) { b.expect(rerr); b.nc.Close() }, "is it a ThriftMux server?"},
		{"no Mux", func(b *backend) { b.expect(rerr); b.say([]byte("HTTP/1.1 400 Bad Request\r\n")) }, "is it a ThriftMux server?"},
		{"Tinit refused", func(b *backend) {
			b.expect(rerr)
			b.say(appendError(nil, controlTag, initCheck))
			b.expect(tinit)
			b.say(appendError(nil, controlTag, "tls required"))
		}, "tls required"},
		{"another answer", func(b *backend) {
			b.expect(rerr)
			b.say(appendError(nil, controlTag, initCheck))
			b.expect(tinit)
			b.say(appendEmpty(nil, rping, controlTag))
		}, "another message"},
		{"headers that are none", func(b *backend) {
			b.expect(rerr)
			b.say(appendError(nil, controlTag, initCheck))
			b.expect(tinit)
			b.say(append(appendHead(nil, rinit, controlTag, 3), 0, 1, 0))
		}, "headers"},
		{"no answer", func(b *backend) { b.expect(rerr); _, _ = b.next() }, context.DeadlineExceeded.Error()},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				here, there := net.Pipe()
				r := newRig(t, nil, func() net.Conn { return here })
				r.work.Go(func() { row.play(&backend{t: t, nc: there}) })
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				c, err := r.dialer.Connect(ctx, "a:1")
				if err == nil || !strings.Contains(err.Error(), row.want) {
					t.Errorf("got %v", err)
				}
				if row.name == "closed" && !strings.Contains(told.Cause(err), "is it a ThriftMux server") {
					t.Errorf("its client is told %q", told.Cause(err))
				}
				if row.name == "no answer" && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
				if c != nil {
					t.Error("a connection all the same")
				}
				there.Close()
				r.work.Wait()
				if n := r.bufs.Out(); n != 0 {
					t.Errorf("%d buffers were not given back", n)
				}
			})
		})
	}
}

func TestWindowIsAskedForAndLargeOnesOfThePeerAreCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		b := &backend{t: t, nc: there}
		r := newRig(t, nil, func() net.Conn { return here })
		r.work.Go(func() {
			if g := b.greet(1<<31 - 1); g.window != 64<<10 || g.version != 1 {
				t.Errorf("asked for %+v", g)
			}
		})
		c, err := r.dialer.Connect(context.Background(), "a:1")
		if err != nil {
			t.Fatal(err)
		}
		r.work.Wait()
		a := r.ask(c, &Call{Payload: make([]byte, 100_000)})
		if f := b.expect(tdispatch); !f.more || len(f.body) > 64<<10 {
			t.Errorf("more %v, %d bytes", f.more, len(f.body))
		}
		f := b.expect(tdispatch)
		b.answer(f.tag, Reply{})
		<-a.done
		there.Close()
		r.end(c)
	})
}

func TestDrainIsAnsweredAndWhatIsUnderWayFinishes(t *testing.T) {
	inBubble(t, 0, nil, func(r *rig, c *Conn, b *backend) {
		a := r.ask(c, &Call{})
		tag := b.expect(tdispatch).tag
		b.say(appendEmpty(nil, tdrain, 5))
		if f := b.expect(rdrain); f.tag != 5 {
			t.Errorf("tag %d", f.tag)
		}
		if c.Status(false) != sidecar.Closed || r.count(varz.MuxDrains) != 1 {
			t.Errorf("status %v", c.Status(false))
		}
		if f := r.ask(c, &Call{}).fault(); f == nil || !f.Has(sidecar.Unsent|sidecar.Stale) {
			t.Errorf("a new one got %v", f)
		}
		b.answer(tag, Reply{Payload: []byte("late")})
		if f := a.fault(); f != nil || string(a.to.r.Payload) != "late" {
			t.Errorf("%v %q", f, a.to.r.Payload)
		}
	})
}

func TestLeaseThatHasRunOutIsBusy(t *testing.T) {
	inBubble(t, 0, func(s *DialSettings) { s.PingPeriod = 0 }, func(r *rig, c *Conn, b *backend) {
		b.say(appendLease(nil, time.Second))
		synctest.Wait()
		if c.Status(false) != sidecar.Open || r.dialer.Usage().Leased != 1 {
			t.Errorf("status %v during the lease", c.Status(false))
		}
		time.Sleep(2 * time.Second)
		if c.Status(false) != sidecar.Busy || r.dialer.Usage().Expired != 1 {
			t.Errorf("status %v after it", c.Status(false))
		}
		a := r.ask(c, &Call{})
		b.answer(b.expect(tdispatch).tag, Reply{})
		if f := a.fault(); f != nil {
			t.Errorf("it is a hint: %v", f)
		}
		b.say(appendLease(nil, time.Minute))
		synctest.Wait()
		if c.Status(false) != sidecar.Open {
			t.Errorf("status %v with a new one", c.Status(false))
		}
	})
}

func TestPingsAreSentAndAnswered(t *testing.T) {
	inBubble(t, 0, nil, func(r *rig, c *Conn, b *backend) {
		begin := time.Now()
		for i := 1; i <= 3; i++ {
			f := b.expect(tping)
			if at := time.Since(begin).Round(100 * time.Millisecond); f.tag != controlTag || at != time.Duration(i)*5*time.Second {
				t.Errorf("ping %d after %v", i, at)
			}
			b.say(appendEmpty(nil, rping, f.tag))
		}
		b.say(appendEmpty(nil, tping, 7))
		if f := b.expect(rping); f.tag != 7 {
			t.Errorf("tag %d", f.tag)
		}
		if c.Status(false) != sidecar.Open {
			t.Error("closed though it answers")
		}
	})
}

func TestUnansweredPingEndsTheConnection(t *testing.T) {
	inBubble(t, 0, nil, func(r *rig, c *Conn, b *backend) {
		a, begin := r.ask(c, &Call{}), time.Now()
		b.expect(tdispatch)
		b.expect(tping)
		f := a.fault()
		if f == nil || f.Reason != sidecar.PeerClosed || f.Has(sidecar.Unsent) || !strings.Contains(f.Error(), "ping") {
			t.Errorf("got %v", f)
		}
		if took := time.Since(begin); took < 9*time.Second || took > 9100*time.Millisecond {
			t.Errorf("after %v", took)
		}
		if c.Status(false) != sidecar.Closed || r.count(varz.MuxPingsUnanswered) != 1 {
			t.Errorf("status %v", c.Status(false))
		}
	})
}

func TestExchangeThatIsGivenUpIsDiscarded(t *testing.T) {
	inBubble(t, 0, nil, func(r *rig, c *Conn, b *backend) {
		for _, late := range []func(tag uint32) []byte{
			func(tag uint32) []byte { return appendEmpty(nil, rdiscarded, tag) },
			whole(Reply{Payload: []byte("late")}),
			func(tag uint32) []byte { return appendError(nil, tag, "late") },
		} {
			a := r.ask(c, &Call{})
			tag := b.expect(tdispatch).tag
			a.x.Interrupt(a.x.Gen(), sidecar.AttemptDeadline)
			if f := a.fault(); f == nil || f.Reason != sidecar.AttemptTimedOut || f.Has(sidecar.Unsent) {
				t.Errorf("got %v", f)
			}
			f := b.expect(tdiscarded)
			if which, _, bad := readDiscarded(f.body); bad != nil || which != tag || f.tag != markerTag {
				t.Errorf("discarded %d, want %d", which, tag)
			}
			if u := r.dialer.Usage(); u.Tags != 1 || u.Abandoned != 1 {
				t.Errorf("usage %+v", u)
			}
			b.say(late(tag))
			synctest.Wait()
			if u := r.dialer.Usage(); u.Tags != 0 || u.Abandoned != 0 {
				t.Errorf("afterwards %+v", u)
			}
		}
		b.say(appendEmpty(nil, rdiscarded, minTag)) // of a discard that came after the reply
		synctest.Wait()
		if c.Status(false) != sidecar.Open || r.count(varz.MuxDiscards) != 3 {
			t.Errorf("status %v, %d discards", c.Status(false), r.count(varz.MuxDiscards))
		}
	})
}

func TestDeadlineIsSaidAnewOnEachTry(t *testing.T) {
	inBubble(t, 0, nil, func(r *rig, c *Conn, b *backend) {
		a := r.ready(&Call{Contexts: AppendDeadline(nil, nil, 1, int64(time.Hour))})
		a.x.Asked = int64(2 * time.Second)
		a.x.SetTimeout(int64(2 * time.Second))
		for try := range 2 {
			if try > 0 {
				time.Sleep(time.Second)
				a.x.Try("a:1", 1, sidecar.Now())
			}
			r.work.Go(func() { a.done <- c.Do(context.Background(), a.x) })
			f := b.expect(tdispatch)
			var got Call
			if bad := got.read(f.body); bad != nil {
				t.Fatal(bad)
			}
			// Between the two no time is read by the exchange until it waits.
			if left := Left(got.Contexts); left > int64(2*time.Second) || left < int64(time.Second) {
				t.Errorf("try %d: %v left", try, time.Duration(left))
			}
			v, has := Lookup(got.Contexts, RetriesContext)
			if has != (try > 0) || has && v[3] != 1 {
				t.Errorf("try %d: retries %x", try, v)
			}
			b.answer(f.tag, Reply{Status: Nack})
			if f := a.fault(); f == nil || !f.Has(sidecar.Rejected) {
				t.Fatal(f)
			}
		}
		time.Sleep(2 * time.Second)
		r.work.Go(func() { // it learns the time by a wait
			b.expect(tdispatch)
			b.answer(minTag, Reply{Status: Nack})
		})
		_ = c.Do(context.Background(), a.x)
		if f := sidecar.FaultOf(c.Do(context.Background(), a.x)); f.Reason != sidecar.DeadlineExceeded || !f.Has(sidecar.Unsent) {
			t.Errorf("got %v", f)
		}
	})
}

func TestBadBackendsEndTheConnection(t *testing.T) {
	for _, row := range []struct {
		name string
		say  func(tag uint32) []byte
	}{
		{"reply to a tag that is not in use", func(tag uint32) []byte { return appendError(nil, tag+1, "x") }},
		{"frame larger than max_frame", func(uint32) []byte { return []byte{0x7f, 0, 0, 0} }},
		{"frame of a negative length", func(uint32) []byte { return []byte{0xff, 0, 0, 0} }},
		{"a Tdispatch", func(uint32) []byte { return appendFrames(nil, tdispatch, 2, 0, []byte("x"), nil) }},
		{"a control message in fragments", func(uint32) []byte { return appendFrames(nil, tping, 1|moreBit, 0, []byte("x"), nil) }},
		{"a large control message", func(uint32) []byte { return appendFrames(nil, tping, 1, 0, make([]byte, 40_000), nil)[:100] }},
		{"a lease of three bytes", func(uint32) []byte { return appendFrames(nil, tlease, 0, 0, []byte("abc"), nil) }},
		{"fragments that differ", func(tag uint32) []byte {
			p := appendHead(nil, rdispatch, tag|moreBit, 1)
			p = append(p, 0)
			return append(appendHead(p, rreq, tag, 1), 0)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			inBubble(t, 0, nil, func(r *rig, c *Conn, b *backend) {
				a := r.ask(c, &Call{})
				b.say(row.say(b.expect(tdispatch).tag))
				if f := a.fault(); f == nil || f.Reason != sidecar.BadReply || f.Has(sidecar.Unsent) {
					t.Errorf("got %v", f)
				}
				synctest.Wait()
				if c.Status(false) != sidecar.Closed {
					t.Errorf("status %v", c.Status(false))
				}
			})
		})
	}
}

func TestRepliesThatAreNoneFailAlone(t *testing.T) {
	for _, row := range []struct {
		name string
		say  func(tag uint32) []byte
	}{
		{"an empty Rdispatch", func(tag uint32) []byte { return appendEmpty(nil, rdispatch, tag) }},
		{"an unknown status", func(tag uint32) []byte { return appendFrames(nil, rdispatch, tag, 0, []byte{9, 0, 0}, nil) }},
		{"Rdiscarded of one that is waited for", func(tag uint32) []byte { return appendEmpty(nil, rdiscarded, tag) }},
	} {
		inBubble(t, 0, nil, func(r *rig, c *Conn, b *backend) {
			a := r.ask(c, &Call{})
			b.say(row.say(b.expect(tdispatch).tag))
			if f := a.fault(); f == nil || f.Reason != sidecar.BadReply {
				t.Errorf("%s: %v", row.name, f)
			}
			if c.Status(false) != sidecar.Open {
				t.Errorf("%s: status %v", row.name, c.Status(false))
			}
		})
	}
}
