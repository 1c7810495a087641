package resp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"

	"sidecar"
	"sidecar/sock"
)

// connName is how connections are named at the server, for CLIENT LIST.
const connName = "sidecar"

// step is a command of a greeting.
type step uint8

const (
	stepHello step = iota
	stepAuth
	stepSelect
	stepReadOnly
	stepName
	stepReset
	stepToken
)

var stepNames = [...]string{"HELLO", "AUTH", "SELECT", "READONLY", "CLIENT SETNAME", "RESET", "ECHO"}

func (s step) String() string { return stepNames[s] }

// greeting is what is said first on a connection, in one write, and what each
// reply to it is an answer to.
type greeting struct {
	text     []byte
	steps    []step
	password string // which is in text
}

func (g *greeting) say(s step, args ...string) {
	g.text = AppendCommand(g.text, args...)
	g.steps = append(g.steps, s)
}

// greeting is that of a connection of version v. HELLO comes with the password,
// since a server that wants one answers nothing else. The name is said last and
// in any case: a server that answers it speaks Redis' protocol.
func (s *DialSettings) greeting(v Version) greeting {
	g := greeting{password: s.Password}
	switch {
	case v == RESP3 && s.Password != "":
		user := s.Username
		if user == "" {
			user = "default"
		}
		g.say(stepHello, "HELLO", "3", "AUTH", user, s.Password)
	case v == RESP3:
		g.say(stepHello, "HELLO", "3")
	case s.Username != "":
		g.say(stepAuth, "AUTH", s.Username, s.Password)
	case s.Password != "":
		g.say(stepAuth, "AUTH", s.Password)
	}
	if s.Database != 0 {
		g.say(stepSelect, "SELECT", strconv.Itoa(s.Database))
	}
	if s.ReadOnly {
		g.say(stepReadOnly, "READONLY")
	}
	g.say(stepName, "CLIENT", "SETNAME", connName)
	return g
}

// check is why a reply to a step means that the connection is of no use; nil if
// it is. That a name is refused (by an ACL, or a server that has none) matters
// to nobody.
func (s step) check(reply []byte, password string) error {
	text := ErrorText(reply)
	if text == nil {
		return nil
	}
	code := CodeOf(text)
	if s == stepName && code != NoAuth && code != MaxClients {
		return nil
	}
	return &refusal{step: s, code: code, text: string(shown(withoutSecret(text, password), shownText))}
}

// withoutSecret is what a server says, without the password that it may repeat:
// one that does not know AUTH, or HELLO, names a command's arguments. People and
// clients are told the rest.
func withoutSecret(text []byte, password string) []byte {
	text, _, _ = bytes.Cut(text, argsShown) // they are cut somewhere, in the midst of a password too
	if password == "" || !bytes.Contains(text, []byte(password)) {
		return text
	}
	return bytes.ReplaceAll(text, []byte(password), []byte("***"))
}

var argsShown = []byte(", with args beginning with") // never changed

// refusal is a greeting that was answered with an error.
type refusal struct {
	step step
	code Code
	text string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("redis greeting: %v is answered: %s%s", r.step, r.text, r.hint())
}

// hint is what to do about it.
func (r *refusal) hint() string {
	switch {
	case r.code == NoAuth:
		return "; the server wants a password: set it in [upstream.NAME.redis]"
	case r.step == stepAuth, r.code == WrongPass:
		return "; see username and password in [upstream.NAME.redis]"
	case r.step == stepSelect:
		return "; see database in [upstream.NAME.redis]"
	case r.step == stepHello:
		return "; RESP3 needs Redis 6"
	}
	return ""
}

// passes tells whether the server may accept the same greeting in a moment.
func (r *refusal) passes() bool {
	return r.code == MaxClients || r.code == Loading || r.code == MasterDown
}

// Told is for clients: it names no backend.
func (r *refusal) Told() string {
	return "the backend refuses the sidecar's greeting: " + r.step.String() + " is answered: " + r.text
}

// fault is the refusal as a failed dial. One for the number of connections is
// the server's moment, any other lasts until somebody changes something.
func (r *refusal) fault() *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageDial, Reason: sidecar.ConnectFailed, Err: r}
}

// errNotRedis is of a server that answers a greeting with more than one can have.
var errNotRedis = errors.New("the answer to a greeting is longer than a buffer")

// greet says the greeting and hears the replies, until ctx is over. buf is for
// the replies; how much of it was read and not used is returned.
func (g *greeting) greet(ctx context.Context, c *sock.Conn, buf []byte) (n int, err error) {
	stop := context.AfterFunc(ctx, c.Wake)
	defer func() {
		if !stop() { // the wake may still be under way
			err = fmt.Errorf("redis greeting: %w", ctx.Err())
		}
	}()
	if _, err = c.Write(g.text, nil); err != nil {
		return 0, unmet(err)
	}
	for _, s := range g.steps {
		size, have, err := nextReply(c, buf, n)
		if err != nil {
			return 0, err
		}
		if err := s.check(buf[:size], g.password); err != nil {
			return 0, err.(*refusal).fault()
		}
		n = copy(buf, buf[size:have])
	}
	return n, nil
}

// nextReply reads until buf, which has n bytes, begins with a whole reply: its
// size, and how many bytes buf has then.
func nextReply(c *sock.Conn, buf []byte, n int) (size, have int, err error) {
	var w Walker
	w.Start(len(buf))
	for {
		size, p := w.Walk(buf[:n])
		if p == nil && !IsPush(w.Head().Of(buf)) {
			return size, n, nil
		}
		if p != nil && p != More {
			return 0, 0, &sidecar.Fault{Reason: sidecar.BadReply, Err: fmt.Errorf("redis greeting: %w; is it a Redis server?", p)}
		}
		if p == nil {
			return 0, 0, &sidecar.Fault{Reason: sidecar.BadReply, Err: errReplyPlace}
		}
		if n == len(buf) {
			return 0, 0, &sidecar.Fault{Reason: sidecar.BadReply, Err: errNotRedis}
		}
		k, err := c.Read(buf[n:])
		n += k
		if err != nil {
			return 0, 0, unmet(err)
		}
	}
}

// unmet is the failure of a connection that ended during the greeting: what a
// server of another protocol does with it.
func unmet(err error) error {
	f := &sidecar.Fault{Reason: sidecar.PeerClosed, Err: &ungreeted{err}}
	if sock.IsReset(err) {
		f.Reason = sidecar.PeerReset
	}
	return f
}

// ungreeted is the end of a connection in its greeting.
type ungreeted struct{ err error }

func (u *ungreeted) Error() string {
	return "redis greeting: " + u.err.Error() + "; is it a Redis server?"
}

// Unwrap is how the connection ended.
func (u *ungreeted) Unwrap() error { return u.err }

// Told is for clients: it names no backend.
func (u *ungreeted) Told() string {
	return "the backend ended the connection during the greeting: is it a Redis server, with TLS as configured?"
}
