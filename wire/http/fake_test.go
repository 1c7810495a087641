package http

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"sidecar"
)

// said is a request, or a reply, as a test writes it.
type said struct {
	line   string // "GET /path", or a status
	fields string // "name: value" lines with LF between them
	body   string
	takes  time.Duration // until the backend says it
}

func (s said) lines() lines {
	var out strings.Builder
	for line := range strings.Lines(s.fields) {
		out.WriteString(strings.TrimSpace(line) + "\r\n")
	}
	return lines(out.String())
}

// talk is one exchange's message over no connection at all: what a cache asks of
// an HTTP message, in maps and strings.
type talk struct {
	request   said
	fields    lines // of request, once they were asked for
	condition string
	tap       Tap
	note      []byte
	got       said // what the client got
	class     sidecar.Class
}

func (t *talk) Attr(sel sidecar.Selector) ([]byte, bool) {
	method, target, _ := strings.Cut(t.request.line, " ")
	switch sel.Attr {
	case AttrMethod:
		return []byte(method), true
	case AttrHost:
		if v, ok := t.Field("host", 0); ok {
			return v, true
		}
		return []byte("a"), true
	case AttrPath:
		return []byte(target), true
	}
	return nil, false
}

func (t *talk) Rewind() bool         { return true }
func (t *talk) Class() sidecar.Class { return t.class }
func (t *talk) Edit(*Edits)          {}
func (t *talk) Target() []byte {
	_, target, _ := strings.Cut(t.request.line, " ")
	return []byte(target)
}
func (t *talk) SetTarget(string, []byte) {}
func (t *talk) Field(lower string, n int) ([]byte, bool) {
	if t.fields == "" && t.request.fields != "" {
		t.fields = t.request.lines()
	}
	return t.fields.Field(lower, n)
}
func (t *talk) Tap(tap Tap, condition string) { t.tap, t.condition = tap, condition }
func (t *talk) Note() *[]byte                 { return &t.note }

func (t *talk) Answer(x *sidecar.Exchange, status int, fields string, body []byte) error {
	if !x.Commit(ClassOf(status)) {
		panic("answered although the class is held")
	}
	t.send(status, fields, body)
	return nil
}

func (t *talk) send(status int, fields string, body []byte) {
	t.class = ClassOf(status)
	t.got = said{line: strconv.Itoa(status), fields: fields + string(t.note), body: string(body)}
}

// sent is what the backend gets to see of the request.
func (t *talk) sent() said {
	s := t.request
	if t.condition != "" {
		s.fields = string(s.lines()) + t.condition
	}
	return s
}

// head is a reply's head.
type head struct {
	lines
	status int
}

func (h head) Status() int { return h.status }
func (h head) Lines(dst []byte, leave func([]byte) bool) []byte {
	for rest := string(h.lines); rest != ""; {
		name, _, next := cutLine(rest)
		switch strings.ToLower(name) {
		case "content-length", "transfer-encoding":
		default:
			if !leave([]byte(name)) {
				dst = append(dst, rest[:len(rest)-len(next)]...)
			}
		}
		rest = next
	}
	return dst
}

// origin is a backend that answers with what reply says.
type origin struct {
	mu    sync.Mutex
	asked []said                        // guarded by mu
	reply func(number int, r said) said // number from 1; a line of "" fails, of "cut" breaks off
}

func (o *origin) Do(_ context.Context, x *sidecar.Exchange) error {
	t := x.Msg.(*talk)
	o.mu.Lock()
	o.asked = append(o.asked, t.sent())
	r := o.reply(len(o.asked), t.sent())
	o.mu.Unlock()
	if r.takes > 0 {
		x.Block(make(bell, 1))
		time.Sleep(r.takes)
		x.Unblock()
	}
	fault := &sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.PeerClosed}
	if r.line == "" {
		return fault
	}
	cut := strings.HasPrefix(r.line, "cut ")
	status, _ := strconv.Atoi(strings.TrimPrefix(r.line, "cut "))
	fields := string(r.lines())
	if r.body != "" && !strings.Contains(fields, "ontent-") {
		fields += "Content-Length: " + strconv.Itoa(len(r.body)) + "\r\n"
	}
	x.Commit(ClassOf(status))
	if t.tap != nil {
		instead, note, keep := t.tap.Head(head{lines(fields), status})
		t.note = append(t.note[:0], note...)
		if instead != nil {
			t.send(instead.Status, instead.Fields, instead.Body)
			return nil
		}
		if keep {
			body := r.body
			if cut {
				body = body[:len(body)/2]
			}
			for len(body) > 0 {
				n := min(3, len(body))
				t.tap.Body([]byte(body[:n]))
				body = body[n:]
			}
		}
	}
	t.send(status, fields, []byte(r.body))
	if cut {
		return fault
	}
	return nil
}

// alarms are an exchange's times, by timers.
type alarms struct {
	x   *sidecar.Exchange
	mu  sync.Mutex
	all [3]*time.Timer
}

func (a *alarms) Arm(which uint8, at int64, mark uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if old := a.all[which]; old != nil {
		old.Stop()
	}
	a.all[which] = nil
	if at != 0 {
		a.all[which] = time.AfterFunc(time.Duration(at-sidecar.Now()), func() { a.x.Expire(which, mark) })
	}
}

// through sends a request through a service.
func through(s sidecar.Service, dest string, request said) (*talk, error) {
	t, x := &talk{request: request}, new(sidecar.Exchange)
	x.Begin(t, &alarms{x: x}, sidecar.Now())
	x.Dest = dest
	x.RequestDone(x.Now())
	err := s.Do(context.Background(), x)
	x.End()
	return t, err
}

func (s said) field(name string) string {
	v, _ := s.lines().Field(name, 0)
	return string(v)
}
