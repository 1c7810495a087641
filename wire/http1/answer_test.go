package http1

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"sidecar"
)

// answering is a harness whose handler answers every request in a backend's
// place.
func answering(t testing.TB, answer func(m *message, x *sidecar.Exchange) error) *harness {
	h := newHarness(t, "127.0.0.1:1")
	h.srv.handler = sidecar.ServiceFunc(func(_ context.Context, x *sidecar.Exchange) error {
		return answer(x.Msg.(*message), x)
	})
	return h
}

func TestAnswerGoesOutInPlaceOfABackends(t *testing.T) {
	const fields = "Content-Type: text/plain\r\nX-Why: test\r\n"
	for _, row := range []struct {
		name, request string
		status        int
		body          string
		wantBody      string
		wantLength    string
	}{
		{"with a body", get("/"), 200, "hello", "hello", "5"},
		{"without a body", get("/"), 302, "", "", "0"},
		{"to HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 200, "hello", "", "5"},
		{"204", get("/"), 204, "", "", ""},
		{"304", get("/"), 304, "left out", "", ""},
		{"to a held body", post("abc"), 503, "no", "no", "2"},
		{"unusual status", get("/"), 299, "x", "x", "1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			classes := make(chan sidecar.Class, 2)
			h := answering(t, func(m *message, x *sidecar.Exchange) error {
				err := m.Answer(x, row.status, fields, []byte(row.body))
				classes <- m.Class()
				return err
			})
			c := h.client(t)
			for range 2 { // the connection goes on
				c.Send(row.request)
				m := listen(c, strings.HasPrefix(row.request, "HEAD"))
				if m.status != row.status || m.body != row.wantBody || m.field("Content-Length") != row.wantLength {
					t.Fatalf("got %q %q", m.head, m.body)
				}
				if m.field("X-Why") != "test" || m.field("Via") != "1.1 sidecar" || m.field("Date") == "" || m.field("Connection") != "" {
					t.Errorf("head %q", m.head)
				}
			}
			if class := <-classes; (class == sidecar.Success) != (row.status < 400) {
				t.Errorf("class %v", class)
			}
		})
	}
}

func TestAnswerKeepsTheDateItIsGiven(t *testing.T) {
	const date = "Tue, 15 Nov 1994 08:12:31 GMT"
	h := answering(t, func(m *message, x *sidecar.Exchange) error {
		return m.Answer(x, 200, "X-A: b\r\ndate: "+date+"\r\n", nil)
	})
	c := h.client(t)
	c.Send(get("/"))
	if m := listen(c, false); strings.Count(strings.ToLower(m.head), "\r\ndate:") != 1 || m.field("Date") != date {
		t.Errorf("got %q", m.head)
	}
}

// What is unread of the request stands before the next one: the connection must
// end, and the answer must still come whole.
func TestAnswerBeforeTheBodyEndsTheConnection(t *testing.T) {
	h := answering(t, func(m *message, x *sidecar.Exchange) error { return m.Answer(x, 413, "", []byte("too large")) })
	c := h.client(t)
	c.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\nabc")
	m := listen(c, false)
	if m.status != 413 || m.body != "too large" || m.field("Connection") != "close" {
		t.Errorf("got %q %q", m.head, m.body)
	}
	c.NC.Close()
}

func TestLargeAnswerGoesAtTheClientsPace(t *testing.T) {
	body := strings.Repeat("0123456789abcdef", 1<<20)
	h := answering(t, func(m *message, x *sidecar.Exchange) error { return m.Answer(x, 200, "", []byte(body)) })
	c := h.client(t)
	c.Send(get("/"))
	if m := listen(c, false); m.status != 200 || m.body != body {
		t.Errorf("status %d, %d bytes", m.status, len(m.body))
	}
}

func TestClientThatTakesNothingOfAnAnswerIsGivenUp(t *testing.T) {
	body := make([]byte, 64<<20) // more than the system's buffers
	fault := make(chan *sidecar.Fault, 1)
	h := answering(t, func(m *message, x *sidecar.Exchange) error {
		err := m.Answer(x, 200, "", body)
		fault <- sidecar.FaultOf(err)
		return err
	})
	h.set(func(s *Settings) { s.HeaderTimeout = 5 * brief })
	c := h.client(t)
	c.Send(get("/"))
	if f := <-fault; f == nil || f.Reason != sidecar.StalledOut || !f.Has(sidecar.FromClient) {
		t.Errorf("got %v", f)
	}
}

// A layer outside may hold the class of the answer, as it may a backend's.
func TestHeldAnswerIsNotWritten(t *testing.T) {
	h := answering(t, func(m *message, x *sidecar.Exchange) error {
		x.Hold = sidecar.Classes(sidecar.Unavailable)
		if f := sidecar.FaultOf(m.Answer(x, 502, "", nil)); f == nil || !f.Has(sidecar.FromPeer) || f.Class != sidecar.Unavailable {
			return fmt.Errorf("got %w", f)
		}
		x.Hold = 0
		return m.Answer(x, 200, "", []byte("other"))
	})
	c := h.client(t)
	c.Send(get("/"))
	if m := listen(c, false); m.status != 200 || m.body != "other" {
		t.Errorf("got %q %q", m.head, m.body)
	}
}

// After a reply that was kept from the client, an answer takes its place, and
// nothing of the first is left in it.
func TestAnswerTakesThePlaceOfAHeldReply(t *testing.T) {
	h := newHarness(t, backend(t, always("HTTP/1.1 503 No\r\nContent-Length: 2\r\nX-Back: 1\r\n\r\nno")).Addr())
	h.srv.handler = sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		x.Hold = sidecar.Classes(sidecar.Unavailable)
		x.Try(h.backend, 1, x.Now())
		if err := h.once(ctx, x); err == nil {
			t.Error("the held reply went out")
		}
		x.Hold = 0
		return x.Msg.(*message).Answer(x, 200, "X-Own: 1\r\n", []byte("own"))
	})
	c := h.client(t)
	for range 3 {
		c.Send(get("/"))
		if m := listen(c, false); m.status != 200 || m.body != "own" || m.field("X-Own") != "1" || m.field("X-Back") != "" {
			t.Fatalf("got %q %q", m.head, m.body)
		}
	}
}

// Who answers with the word of a fault returns it for those who count. The
// client has been told: its connection goes on, and no second page comes.
func TestAnswerThatTellsOfAFaultIsTheReply(t *testing.T) {
	h := answering(t, func(m *message, x *sidecar.Exchange) error {
		if err := m.Answer(x, 504, "", []byte("late")); err != nil {
			return err
		}
		return &sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.DeadlineExceeded}
	})
	c := h.client(t)
	for range 3 {
		c.Send(get("/"))
		if m := listen(c, false); m.status != 504 || m.body != "late" {
			t.Fatalf("got %q %q", m.head, m.body)
		}
	}
}

func TestAnswerOfAnImpossibleStatusIsADefectAndTold(t *testing.T) {
	h := answering(t, func(m *message, x *sidecar.Exchange) error { return m.Answer(x, 101, "", nil) })
	c := h.client(t)
	c.Send(get("/"))
	want(t, listen(c, false), 500, "internal")
}

// A 503 with Retry-After is of a class of its own, wherever it is asked for.
func TestReplyThatShedsLoadIsToldFromOneThatFails(t *testing.T) {
	for _, row := range []struct {
		fields string
		want   sidecar.Class
	}{{"", sidecar.Unavailable}, {"Retry-After: 3\r\n", sidecar.Shed}, {"rEtRy-aFtEr: Tue, 15 Nov 1994 08:12:31 GMT\r\n", sidecar.Shed}} {
		h := newHarness(t, backend(t, always("HTTP/1.1 503 No\r\nContent-Length: 0\r\n"+row.fields+"\r\n")).Addr())
		classes := make(chan sidecar.Class, 1)
		h.seen = func(x *sidecar.Exchange, _ error) { classes <- x.Msg.Class() }
		c := h.client(t)
		c.Send(get("/"))
		want(t, listen(c, false), 503, "")
		if got := <-classes; got != row.want {
			t.Errorf("%q: got %v, want %v", row.fields, got, row.want)
		}
	}
}

func TestTimeThatThePeerAsksForIsRecorded(t *testing.T) {
	for _, row := range []struct {
		status string
		want   time.Duration
	}{{"503 No", 3 * time.Second}, {"429 Slow", 3 * time.Second}, {"200 OK", 0}} {
		h := newHarness(t, backend(t, always("HTTP/1.1 "+row.status+"\r\nContent-Length: 0\r\nRetry-After: 3\r\n\r\n")).Addr())
		asked := make(chan int64, 1)
		h.seen = func(x *sidecar.Exchange, _ error) { asked <- x.Tries.Last().After }
		c := h.client(t)
		c.Send(get("/"))
		listen(c, false)
		if got := <-asked; got != int64(row.want) {
			t.Errorf("%s: got %v, want %v", row.status, time.Duration(got), row.want)
		}
	}
}

// postponement is a cause that says when to come again.
type postponement int64

func (postponement) Error() string       { return "later" }
func (p postponement) RetryAfter() int64 { return int64(p) }

func TestRefusalSaysWhenToComeAgain(t *testing.T) {
	for left, want := range map[time.Duration]string{0: "", 1: "1", time.Second: "1", 2500 * time.Millisecond: "3"} {
		h := answering(t, func(_ *message, x *sidecar.Exchange) error {
			return &sidecar.Fault{Flags: sidecar.Unsent | sidecar.Rejected, Reason: sidecar.BreakerOpen, Err: postponement(left)}
		})
		c := h.client(t)
		c.Send(get("/"))
		if m := listen(c, false); m.status != 503 || m.field("X-Sidecar-Reason") != "breaker_open" || m.field("Retry-After") != want {
			t.Errorf("%v: want %q, got %q", left, want, m.head)
		}
	}
}
